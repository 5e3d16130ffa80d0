# Predicts a row with a model file: julia predict.jl libcmlp.so MODEL CELL...
using Libdl

mutable struct Info # cmlp_model_info
    struct_size::Csize_t
    model_size::Csize_t
    workspace_size::Csize_t
    head_size::UInt64
    file_size::UInt64
    error_at::UInt64
    n_in::Int64
    n_out::Int64
    n_labels::Int64
    n_nets::Int64
    dtype::Int32
    kind::Int32
    n_targets::Int64
    Info() = new(sizeof(Info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
end

struct Prediction # cmlp_prediction
    struct_size::Csize_t
    outputs::Ptr{Cvoid}
    n_outputs::Int64
    class_indices::Ptr{Int32}
    n_class_indices::Int64
    activations::Ptr{Cvoid}
    n_activations::Int64
    sums::Ptr{Cvoid}
    n_sums::Int64
end

mutable struct Run # cmlp_run
    struct_size::Csize_t
    workspace::Ptr{Cvoid}
    workspace_size::Csize_t
    poll::Ptr{Cvoid}
    poll_context::Ptr{Cvoid}
    refused::Ptr{UInt8}
    bad_row::Int64
    bad_element::Int64
    bad_column::Int64
    n_threads::Int32
    reserved::Int32
    Run() = new(sizeof(Run), C_NULL, 0, C_NULL, C_NULL, C_NULL, 0, 0, 0, 0, 0)
end

const library = dlopen(ARGS[1])
const cmlp_status_string = dlsym(library, :cmlp_status_string)
const cmlp_model_describe = dlsym(library, :cmlp_model_describe)
const cmlp_model_init = dlsym(library, :cmlp_model_init)
const cmlp_model_predict = dlsym(library, :cmlp_model_predict)
const cmlp_rows_init = dlsym(library, :cmlp_rows_init)
const cmlp_model_read_cell = dlsym(library, :cmlp_model_read_cell)

check(status) = status == 0 || error(unsafe_string(ccall(cmlp_status_string, Cstring, (Int32,), status)))

# A number, the days of a date or the code of a category of a table.
function number_of_cell(model, column, cell)
    number = Ref{Cdouble}()
    check(ccall(cmlp_model_read_cell, Int32, (Ptr{Cvoid}, Int64, Ptr{UInt8}, Int64, Ref{Cdouble}, Ptr{Cvoid}),
                model, column - 1, cell, sizeof(cell), number, C_NULL))
    return number[]
end

function predict(path, cells)
    file = read(path)
    info, run = Info(), Run()
    check(ccall(cmlp_model_describe, Int32, (Ptr{Cvoid}, Csize_t, Ref{Info}, Ref{Run}), file, length(file), info, run))
    memory = Vector{UInt8}(undef, info.model_size)
    workspace = Vector{UInt8}(undef, info.workspace_size)
    run.workspace, run.workspace_size = pointer(workspace), length(workspace)
    address = Ref{Ptr{Cvoid}}()
    GC.@preserve file memory workspace begin # the model points into the first two
        check(ccall(cmlp_model_init, Int32,
                    (Ptr{Cvoid}, Csize_t, Ptr{Cvoid}, Csize_t, Ptr{Cvoid}, Ref{Ptr{Cvoid}}, Ref{Run}),
                    memory, length(memory), file, length(file), C_NULL, address, run))
        model = address[]
        Real = info.dtype == 2 ? Cdouble : Cfloat
        number_of(column, cell) = info.n_nets > 0 ? number_of_cell(model, column, cell) : parse(Real, cell)
        row = Real[number_of(column, cell) for (column, cell) in enumerate(cells)]
        outputs, class, rows = Vector{Real}(undef, info.n_out), Int32[0], zeros(UInt64, 16) # 128 bytes: cmlp_rows
        GC.@preserve row outputs class begin
            ccall(cmlp_rows_init, Cvoid, (Ptr{Cvoid}, Csize_t, Ptr{Cvoid}, Int32, Int64, Int64),
                  rows, sizeof(rows), pointer(row), info.dtype, 1, length(row))
            prediction = Prediction(sizeof(Prediction), pointer(outputs), length(outputs), pointer(class), 1, C_NULL, 0, C_NULL, 0)
            check(ccall(cmlp_model_predict, Int32, (Ptr{Cvoid}, Ptr{Cvoid}, Ref{Prediction}, Ref{Run}),
                        model, rows, prediction, run))
        end
        return class[1], outputs
    end
end

class, outputs = predict(ARGS[2], ARGS[3:end])
println(class, " ", join(outputs, " "))
