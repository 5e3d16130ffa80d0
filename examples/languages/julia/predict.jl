# Predicts a row with a model file: julia predict.jl libcmlp.so MODEL CELL...
using Libdl

mutable struct Info # cmlp_model_info
    struct_size::Csize_t
    model_size::Csize_t
    workspace_size::Csize_t
    head_size::UInt64
    file_size::UInt64
    error_at::UInt64
    n_inputs::Int64
    n_outputs::Int64
    input_scale::Cdouble
    n_nets::Int64
    dtype::Int32
    reserved::Int32
    Info() = new(sizeof(Info), 0, 0, 0, 0, 0, 0, 0, 0.0, 0, 0, 0)
end

const library = dlopen(ARGS[1])
const cmlp_status_string = dlsym(library, :cmlp_status_string)
const cmlp_model_size = dlsym(library, :cmlp_model_size)
const cmlp_model_init = dlsym(library, :cmlp_model_init)
const cmlp_model_predict_f32 = dlsym(library, :cmlp_model_predict_f32)
const cmlp_model_predict_f64 = dlsym(library, :cmlp_model_predict_f64)
const cmlp_table_code_of_cell = dlsym(library, :cmlp_table_code_of_cell)

check(status) = status == 0 || error(unsafe_string(ccall(cmlp_status_string, Cstring, (Int32,), status)))

# A number, the days of a date or the code of a category of a table.
function number_of_cell(model, column, cell)
    number = Ref{Cdouble}()
    check(ccall(cmlp_table_code_of_cell, Int32, (Ptr{Cvoid}, Int64, Ptr{UInt8}, Int64, Ref{Cdouble}),
                model, column - 1, cell, sizeof(cell), number))
    return number[]
end

function predict(path, cells)
    file = read(path)
    info = Info()
    check(ccall(cmlp_model_size, Int32, (Ptr{Cvoid}, Csize_t, Ref{Info}), file, length(file), info))
    memory = Vector{UInt8}(undef, info.model_size)
    workspace = Vector{UInt8}(undef, info.workspace_size)
    address = Ref{Ptr{Cvoid}}()
    GC.@preserve file memory begin # the model points into both
        check(ccall(cmlp_model_init, Int32,
                    (Ptr{Cvoid}, Csize_t, Ptr{Cvoid}, Csize_t, UInt32, Ptr{Cvoid}, Csize_t, Ref{Ptr{Cvoid}}),
                    memory, length(memory), file, length(file), 0, workspace, length(workspace), address))
        model = address[]
        Real, predict_row = info.dtype == 2 ? (Cdouble, cmlp_model_predict_f64) : (Cfloat, cmlp_model_predict_f32)
        number_of(column, cell) = info.n_nets > 0 ? number_of_cell(model, column, cell) : parse(Real, cell)
        row = Real[number_of(column, cell) for (column, cell) in enumerate(cells)]
        outputs = Vector{Real}(undef, info.n_outputs)
        label = Ref{Int32}()
        check(ccall(predict_row, Int32,
                    (Ptr{Cvoid}, Ptr{Cvoid}, Int64, Ref{Int32}, Ptr{Cvoid}, Int64, Ptr{Cvoid}, Csize_t),
                    model, row, length(row), label, outputs, length(outputs), workspace, length(workspace)))
        return label[], outputs
    end
end

label, outputs = predict(ARGS[2], ARGS[3:end])
println(label, " ", join(outputs, " "))
