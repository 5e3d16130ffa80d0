// Classifies images with the C++ wrapper cmlp.hpp, and prints how sure the network is.
//
//   cc -O2 -c cmlp.c && c++ -std=c++17 -O2 wrapper.cpp cmlp.o -pthread -o wrapper
//   ./wrapper digits.cmlp t10k-images-idx3-ubyte 5
#include <cmlp.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>

int main(int argc, char **argv)
{
    if (argc != 4) {
        std::fprintf(stderr, "usage: wrapper MODEL IMAGES COUNT\n");
        return 2;
    }
    try {
        const cmlp::model model = cmlp::model::load(argv[1]);
        const auto pixels = static_cast<std::size_t>(model.info().n_in);
        std::printf("activations %s\n", model.string("activations").c_str());
        std::ifstream images(argv[2], std::ios::binary);
        images.seekg(16); // after the head of the IDX file
        cmlp::predictor<float> predict(model);
        std::vector<std::uint8_t> image(pixels);
        for (int i = 0; i < std::atoi(argv[3]); i++) {
            if (!images.read(reinterpret_cast<char *>(image.data()), static_cast<std::streamsize>(pixels))) break;
            const std::int32_t answer = predict.class_of(image);
            const float output = predict.outputs()[static_cast<std::size_t>(answer)];
            std::printf("%d (%.1f %%)\n", answer, 100 * static_cast<double>(output));
        }
    } catch (const std::exception &problem) {
        std::fprintf(stderr, "%s\n", problem.what());
        return 1;
    }
    return 0;
}
