/* Writes a model of a table: rents by a size and one of three districts. The network has 4 inputs, one of the size and
 * three of the districts. A program that trains it encodes its rows with cmlp_table_encode first.
 *
 *   cc -O2 write_table.c cmlp.c -pthread -o write_table && ./write_table flats.cmlp */
#include <cmlp_table.h>

#include <stdio.h>

static char net_memory[CMLP_NET_SIZE(2)];
static unsigned char workspace[65536]; /* cmlp_table_write_workspace_size() gives the size that is needed */
static const float params[] = {1, 0.5f, -0.5f, 0.25f, 0};

static int append(void *file, const void *bytes, size_t n)
{
    return fwrite(bytes, 1, n, (FILE *)file) != n;
}

static cmlp_status write_flats(const cmlp_net *net, FILE *file)
{
    const cmlp_table_net network = {.net = net, .params = params, .n_params = cmlp_net_n_params(net)};
    const cmlp_value districts[3] = {{.text = "north", .n_text = 5, .kind = CMLP_VALUE_TEXT},
                                     {.text = "centre", .n_text = 6, .kind = CMLP_VALUE_TEXT},
                                     {.text = "south", .n_text = 5, .kind = CMLP_VALUE_TEXT}};
    const cmlp_table_column columns[2] = {
        {.role = CMLP_TABLE_ROLE_NUMBER, .centre = 60, .scale = 25},
        {.role = CMLP_TABLE_ROLE_CATEGORY, .n_categories = 3, .categories = districts}};
    const cmlp_table_target rent = {.centre = 900, .scale = 300, .low = -3, .high = 3};
    cmlp_table table = CMLP_INIT(cmlp_table);
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    table.columns = columns;
    table.n_columns = 2;
    table.nets = &network;
    table.n_nets = 1;
    table.targets = &rent; /* how outputs become rents */
    table.n_targets = 1;
    content.write = append; /* receives the bytes, in pieces */
    content.write_context = file;
    cmlp_run run = {.struct_size = sizeof run, .workspace = workspace, .workspace_size = sizeof workspace};
    const cmlp_status status = cmlp_table_write(&table, &content, &run);
    if (status && run.refused) fprintf(stderr, "%s: ", run.refused);
    return status;
}

int main(int argc, char **argv)
{
    const int64_t sizes[] = {4, 1};
    const cmlp_activation activations[] = {CMLP_ACTIVATION_IDENTITY};
    const cmlp_net_config config = {.struct_size = sizeof config, .n_layers = 2, .sizes = sizes,
                                    .activations = activations, .loss = CMLP_LOSS_SQUARED_ERROR,
                                    .dtype = CMLP_FLOAT32};
    const cmlp_net *net;
    FILE *file = argc == 2 ? fopen(argv[1], "wb") : NULL;
    cmlp_status status;
    if (!file) return 2;
    status = cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL);
    if (!status) status = write_flats(net, file);
    if (fclose(file) || status) {
        fprintf(stderr, "%s: %s\n", argv[1], cmlp_status_string(status));
        return 1;
    }
    return 0;
}
