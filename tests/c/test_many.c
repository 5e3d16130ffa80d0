/* Model files with more than ten layers and more than 64 networks: numbers of several digits, and bits of several words. */
#include "model_file.h"
#include "support.h"

#include <string.h>

enum { N_LAYERS = 13, N_NETS = 66, N_EDGES = 3 };

static _Alignas(64) unsigned char nets[2][CMLP_NET_SIZE(CMLP_MAX_LAYERS)], model_memory[1 << 18], scratch[1 << 18];
static const double edges[N_EDGES] = {-1, 0, 1};
static float block[2 * N_LAYERS];
static model_file file;

static const cmlp_net *net_of(unsigned char *memory, int64_t n_in, int32_t n_layers)
{
    int64_t sizes[N_LAYERS];
    int32_t activations[N_LAYERS - 1];
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    for (int i = 0; i < n_layers; i++) sizes[i] = i ? 1 : n_in;
    for (int i = 0; i < n_layers - 1; i++) activations[i] = CMLP_ACTIVATION_IDENTITY;
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = n_layers;
    config.loss = CMLP_LOSS_SQUARED_ERROR;
    config.dtype = CMLP_FLOAT32;
    const cmlp_net *net = NULL;
    CHECK(cmlp_net_init(memory, CMLP_NET_SIZE(CMLP_MAX_LAYERS), &config, &net, NULL) == CMLP_OK);
    return net;
}

static cmlp_model_content content_for_file(void)
{
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    content.write = model_file_append;
    content.write_context = &file;
    file.size = 0;
    return content;
}

static int has(const char *text)
{
    for (size_t i = 0; i + strlen(text) <= file.size; i++)
        if (!memcmp(file.bytes + i, text, strlen(text))) return 1;
    return 0;
}

static const cmlp_model *loaded(void)
{
    const cmlp_model *model = NULL;
    CHECK(cmlp_model_init(model_memory, sizeof model_memory, file.bytes, file.size, NULL, &model,
                          SPACE(scratch, sizeof scratch)) == CMLP_OK);
    return model;
}

static void test_many_layers(void)
{
    const cmlp_net *net = net_of(nets[0], 1, N_LAYERS);
    const cmlp_model_content content = content_for_file();
    const float one = 1;
    float output = 0;
    for (int i = 0; i < 2 * N_LAYERS; i++) block[i] = i % 2 ? 1 : 2; /* weights of 2, biases of 1 */
    CHECK(cmlp_model_write(net, block, cmlp_net_n_params(net), &content, SPACE(scratch, sizeof scratch)) == CMLP_OK);
    CHECK(has(",\"layers.9.weight\"") && has(",\"layers.10.weight\"") && has(",\"layers.11.bias\""));
    CHECK(predict_values(CMLP_FLOAT32, loaded(), &one, 1, NULL, &output, 1, scratch, sizeof scratch) == CMLP_OK);
    CHECK(output == 2 * 4096 - 1);
}

/* Network i is with bins if bit i says so: here the last one of the first word, and both of the second. */
static void test_many_networks(void)
{
    static cmlp_table_net list[N_NETS];
    const cmlp_table_column column = {.role = CMLP_TABLE_ROLE_NUMBER, .centre = 0, .scale = 1, .edges = edges, .n_edges = N_EDGES};
    const cmlp_net *narrow = net_of(nets[0], 1, 2), *wide = net_of(nets[1], N_EDGES, 2);
    const cmlp_model_content content = content_for_file();
    const cmlp_table_target target = {.scale = 1, .low = -1, .high = 1};
    cmlp_table table = CMLP_INIT(cmlp_table);
    const double raw = 0.5;
    double output = 0;
    const cmlp_model *model;
    memset(block, 0, sizeof block);
    block[1] = 1; /* of a narrow network the bias, of a wide one the weight of the first bin, whose input is 1/2 */
    for (int i = 0; i < N_NETS; i++) {
        list[i].net = i >= 63 ? wide : narrow;
        list[i].params = block;
        list[i].n_params = cmlp_net_n_params(list[i].net);
    }
    table.columns = &column;
    table.n_columns = 1;
    table.nets = list;
    table.n_nets = N_NETS;
    table.targets = &target;
    table.n_targets = 1;
    CHECK(cmlp_table_write(&table, &content, SPACE(scratch, sizeof scratch)) == CMLP_OK);
    CHECK(has(",\"nets.10.layers.0.weight\"") && has(",\"nets.65.layers.0.bias\""));
    model = loaded();
    CHECK(predict_values(CMLP_FLOAT64, model, &raw, 1, NULL, &output, 1, scratch, sizeof scratch) == CMLP_OK);
    CHECK(output == (63 * 1 + 3 * 0.5) / N_NETS);
}

int main(void)
{
    test_many_layers();
    test_many_networks();
    return finish();
}
