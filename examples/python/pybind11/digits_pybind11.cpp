// Classify images with cmlp's C functions from C++ with pybind11.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cmlp_capi.h>

#include <cstdint>
#include <vector>

namespace py = pybind11;

using Bytes = py::array_t<std::uint8_t, py::array::c_style | py::array::forcecast>;

static const cmlp_capi *cmlp;

static void check(int status)
{
    if (status) throw py::value_error(cmlp->status_string(status));
}

// A run of one thread with this workspace, which must live as long.
static cmlp_run run_of(std::vector<char> &workspace)
{
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = workspace.data();
    run.workspace_size = workspace.size();
    return run;
}

class Model {
public:
    // `file` holds the content of a model file; NumPy aligns it to 16 bytes.
    explicit Model(Bytes file) : file_(std::move(file))
    {
        info_ = CMLP_INIT(cmlp_model_info);
        const auto n = static_cast<std::size_t>(file_.size());
        check(cmlp->model_describe(file_.data(), n, &info_, nullptr));
        memory_.resize(info_.model_size);
        std::vector<char> workspace(info_.workspace_size);
        cmlp_run run = run_of(workspace);
        check(cmlp->model_init(memory_.data(), memory_.size(), file_.data(), n, nullptr, &model_, &run));
    }

    // Returns the class index of each image, a row of bytes. Other threads run meanwhile.
    py::array_t<std::int32_t> classify(const Bytes &images)
    {
        if (images.ndim() != 2 || images.shape(1) != info_.n_in) throw py::value_error("images have a wrong shape");
        py::array_t<std::int32_t> classes(images.shape(0));
        std::int32_t *out = classes.mutable_data();
        const std::uint8_t *image = images.data();
        const py::ssize_t n = images.shape(0);
        std::vector<char> workspace(info_.workspace_size);
        cmlp_run run = run_of(workspace);
        cmlp_rows row = cmlp_dense_rows(nullptr, CMLP_UINT8, 1, info_.n_in);
        cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
        prediction.n_class_indices = 1;
        cmlp_status status = CMLP_OK;
        {
            py::gil_scoped_release release;
            for (py::ssize_t i = 0; i < n && !status; i++) {
                row.data = image + i * info_.n_in;
                prediction.class_indices = out + i;
                status = cmlp->model_predict(model_, &row, &prediction, &run);
            }
        }
        check(status);
        return classes;
    }

private:
    Bytes file_;
    std::vector<char> memory_;
    const cmlp_model *model_ = nullptr;
    cmlp_model_info info_;
};

PYBIND11_MODULE(digits_pybind11, module)
{
    cmlp = cmlp_import_capi();
    if (!cmlp) throw py::error_already_set();
    py::class_<Model>(module, "Model").def(py::init<Bytes>()).def("classify", &Model::classify);
}
