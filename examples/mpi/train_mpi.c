/* Several processes train one network with MPI. Each prints the same checksum of the parameters,
 * for any number of them. If a process hangs, the others give up after 60 seconds, and end the job.
 *
 *   mpicc -O2 train_mpi.c cmlp.c -pthread -o train_mpi && mpiexec -n 3 ./train_mpi */
#include <cmlp_workers.h>
#include <mpi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_ROWS = 2000, N_IN = 20, N_HIDDEN = 50, N_OUT = 3, BATCH = 600, EPOCHS = 5 };
enum { N_PARAMS = N_IN * N_HIDDEN + N_HIDDEN + N_HIDDEN * N_OUT + N_OUT };

static char net_memory[CMLP_NET_SIZE(3)];
static float inputs[N_ROWS * N_IN], params[N_PARAMS];
static struct {
    cmlp_optimizer_state counters;
    float moments[2 * N_PARAMS];
} state;
static int32_t labels[N_ROWS];

/* Waits until a message is complete, for some seconds; 0: for ever. */
static int is_complete(MPI_Request *request, double seconds)
{
    const double end = MPI_Wtime() + seconds;
    int is_done = 0;
    while (!is_done && (seconds == 0 || MPI_Wtime() < end))
        if (MPI_Test(request, &is_done, MPI_STATUS_IGNORE) != MPI_SUCCESS) return 0;
    return is_done;
}

/* The three functions give MPI a copy of a message, because MPI may use it until the job ends if
 * they give up. Then the copy is not freed. */
static int send_bytes(void *context, const void *bytes, size_t n_bytes, int32_t to, double seconds)
{
    const MPI_Comm comm = *(MPI_Comm *)context;
    MPI_Request request;
    void *const copy = malloc(n_bytes);
    if (!copy) return 1;
    memcpy(copy, bytes, n_bytes);
    if (MPI_Isend(copy, (int)n_bytes, MPI_BYTE, to, 0, comm, &request) != MPI_SUCCESS) return 1;
    if (!is_complete(&request, seconds)) return 1;
    free(copy);
    return 0;
}

/* Waits for a message, and moves it out of the memory that MPI got. */
static int move_message(MPI_Request *request, void *copy, void *bytes, size_t n_bytes,
                        double seconds)
{
    if (!is_complete(request, seconds)) return 1;
    memcpy(bytes, copy, n_bytes);
    free(copy);
    return 0;
}

static int receive_bytes(void *context, void *bytes, size_t n_bytes, int32_t from, double seconds)
{
    const MPI_Comm comm = *(MPI_Comm *)context;
    MPI_Request request;
    void *const copy = malloc(n_bytes);
    if (!copy) return 1;
    if (MPI_Irecv(copy, (int)n_bytes, MPI_BYTE, from, 0, comm, &request) != MPI_SUCCESS) return 1;
    return move_message(&request, copy, bytes, n_bytes, seconds);
}

static int broadcast_bytes(void *context, void *bytes, size_t n_bytes, int32_t from, double seconds)
{
    const MPI_Comm comm = *(MPI_Comm *)context;
    MPI_Request request;
    void *const copy = malloc(n_bytes);
    if (!copy) return 1;
    memcpy(copy, bytes, n_bytes);
    if (MPI_Ibcast(copy, (int)n_bytes, MPI_BYTE, from, comm, &request) != MPI_SUCCESS) return 1;
    return move_message(&request, copy, bytes, n_bytes, seconds);
}

/* Rows whose class is that of the largest of their first three inputs. */
static void make_data(cmlp_random *random)
{
    for (int i = 0; i < N_ROWS * N_IN; i++) inputs[i] = (float)cmlp_random_double(random);
    for (int i = 0; i < N_ROWS; i++)
        for (int j = 1; j < N_OUT; j++)
            if (inputs[i * N_IN + j] > inputs[i * N_IN + labels[i]]) labels[i] = j;
}

static cmlp_status train(const cmlp_net *net, cmlp_workers *workers)
{
    const cmlp_rows x = cmlp_dense_rows(inputs, CMLP_FLOAT32, N_ROWS, N_IN);
    const cmlp_targets y = cmlp_class_targets(labels, N_ROWS);
    const cmlp_objective objective = CMLP_INIT(cmlp_objective);
    cmlp_optimizer adam = cmlp_default_optimizer(CMLP_SOLVER_ADAM);
    cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    cmlp_epoch_result result = CMLP_INIT(cmlp_epoch_result);
    cmlp_run run = CMLP_INIT(cmlp_run);
    adam.state = &state;
    adam.state_size = sizeof state;
    adam.learning_rate = 0.02;
    epoch.batch_size = BATCH;
    epoch.workers = workers;
    cmlp_status status = cmlp_net_workspace_size(net, &x, &objective, &epoch, &run.workspace_size, &run);
    if (status) return status;
    run.workspace = malloc(run.workspace_size);
    if (!run.workspace) return CMLP_ERROR_MEMORY;
    for (int i = 1; i <= EPOCHS && !status; i++) {
        status = cmlp_train_epoch(net, params, N_PARAMS, &x, &y, &objective, &adam, &epoch, &result, &run);
        if (!workers->rank && !status) printf("epoch %d: cost %.4f\n", i, result.cost);
    }
    free(run.workspace);
    return status;
}

int main(int argc, char **argv)
{
    const int64_t sizes[] = {N_IN, N_HIDDEN, N_OUT};
    const int32_t activations[] = {CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX};
    const cmlp_net_config config = {.struct_size = sizeof config, .n_layers = 3, .sizes = sizes,
                                    .activations = activations, .loss = CMLP_LOSS_LOG, .dtype = CMLP_FLOAT32};
    const cmlp_net *net;
    cmlp_workers workers = {.struct_size = sizeof workers, .send = send_bytes, .receive = receive_bytes,
                            .broadcast = broadcast_bytes, .seconds = 60};
    MPI_Comm comm = MPI_COMM_WORLD;
    int rank, size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    workers.rank = rank;
    workers.n_workers = size;
    workers.context = &comm;

    cmlp_random random;
    cmlp_random_seed(&random, 0);
    make_data(&random); /* the same on every process */
    cmlp_status status = cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL);
    if (!status) status = cmlp_net_init_params(net, &random, params, N_PARAMS, NULL);
    if (!status) status = train(net, &workers);
    if (status) {
        fprintf(stderr, "process %d: %s\n", rank, cmlp_status_string(status));
        MPI_Abort(comm, 1);
    }
    uint32_t checksum = 2166136261u, same = 0;
    for (size_t i = 0; i < sizeof params; i++) checksum = (checksum ^ ((unsigned char *)params)[i]) * 16777619u;
    MPI_Allreduce(&checksum, &same, 1, MPI_UINT32_T, MPI_BXOR, comm); /* of an even number of processes: 0 */
    const int equal = same == (size % 2 ? checksum : 0);
    if (!rank) printf("checksum %08x, %s\n", (unsigned)checksum, equal ? "the same everywhere" : "NOT the same");
    MPI_Finalize();
    return 0;
}
