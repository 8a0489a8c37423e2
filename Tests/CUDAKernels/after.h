// Behind the kernels: runs one by name. KERNELS(X) lists the kernels.

template <int... I> struct Indices {};
template <class T, T... I> struct Sequence {
    typedef Indices<(int)I...> Type;
};

template <class... A, int... I> static void apply(void (*kernel)(A...), const uint64_t *words, Indices<I...>) {
    kernel(*(const A *)(words + I)...);
}

template <class... A> struct Launch {
    static void (*kernel)(A...);
    static const uint64_t *words;
    static void run() { apply(kernel, words, typename __make_integer_seq<Sequence, int, sizeof...(A)>::Type{}); }
};
template <class... A> void (*Launch<A...>::kernel)(A...);
template <class... A> const uint64_t *Launch<A...>::words;

struct Fiber {
    ucontext_t context;
    bool done;
};
static void (*body)();
static Fiber *fibers;
static int current;

static void enter() {
    body();
    fibers[current].done = true;
}

/// All threads of a block go to the next barrier in ascending or descending order, until all are through. False where some wait at a barrier
/// that others never reach.
static bool run_block(char *stacks, size_t stack, bool descending) {
    const int count = (int)(blockDim.x * blockDim.y);
    for (int t = 0; t < count; t++) {
        Fiber *fiber = fibers + t;
        getcontext(&fiber->context);
        fiber->context.uc_stack.ss_sp = stacks + stack * t;
        fiber->context.uc_stack.ss_size = stack;
        fiber->context.uc_link = &scheduler;
        fiber->done = false;
        makecontext(&fiber->context, enter, 0);
    }
    int done = 0;
    while (done == 0) {
        for (int i = 0; i < count; i++) {
            current = descending ? count - 1 - i : i;
            threadIdx.x = current % blockDim.x;
            threadIdx.y = current / blockDim.x;
            running = &fibers[current].context;
            swapcontext(&scheduler, running);
            done += fibers[current].done;
        }
    }
    return done == count;
}

template <class... A>
static bool run(void (*kernel)(A...), const uint64_t *words, int count, const unsigned *grid, bool descending) {
    if (count != (int)sizeof...(A)) return false;
    Launch<A...>::kernel = kernel;
    Launch<A...>::words = words;
    body = Launch<A...>::run;
    const size_t stack = 64 << 10;
    gridDim = Place{grid[0], grid[1], 1};
    blockDim = Place{grid[2], grid[3], 1};
    threadIdx.z = blockIdx.z = 0;
    fibers = (Fiber *)calloc(grid[2] * grid[3], sizeof(Fiber));
    char *stacks = (char *)malloc(stack * grid[2] * grid[3]);
    bool good = true;
    for (unsigned y = 0; y < grid[1] && good; y++) {
        for (unsigned x = 0; x < grid[0] && good; x++) {
            blockIdx.x = descending ? grid[0] - 1 - x : x;
            blockIdx.y = y;
            good = run_block(stacks, stack, descending);
        }
    }
    free(stacks);
    free(fibers);
    return good;
}

template <class... A> static int arity(void (*)(A...)) { return (int)sizeof...(A); }

/// 0; or 1 where there is no such kernel, its arguments are not that many, or its threads part at a barrier.
extern "C" int flow_launch(const char *name, const uint64_t *words, int count, const unsigned *grid, int descending) {
#define ONE(kernel) \
    if (strcmp(name, #kernel) == 0) return !run(kernel, words, count, grid, descending);
    KERNELS(ONE)
    return 1;
}

/// How many arguments a kernel takes; -1 where there is none of that name.
extern "C" int flow_arity(const char *name) {
#define ARITY(kernel) \
    if (strcmp(name, #kernel) == 0) return arity(kernel);
    KERNELS(ARITY)
    return -1;
}
