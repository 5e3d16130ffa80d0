// owner.toml: begin
module cmlp
// owner.toml: end

go 1.19
