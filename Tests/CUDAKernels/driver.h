// Behind after.h: the CUDA driver's functions that CUDADriver_cuda.swift calls, with this processor as a device of compute capability 9.0. Built as
// libcuda.so.1, so that everything from the loading of the library to the launch of a kernel runs as with a GPU. What is not as a driver would accept
// it gets CUDA_ERROR_INVALID_VALUE or a better one.

enum { INVALID_VALUE = 1, INVALID_IMAGE = 200, NOT_FOUND = 500 };
static int context, stream;
static bool is_current;

extern "C" {
int cuInit(unsigned flags) { return flags ? INVALID_VALUE : 0; }
/// NVRTC asks for a table of its own where it finds a driver, and goes on without.
int cuGetExportTable(const void **table, const void *) { return *table = nullptr, NOT_FOUND; }
int cuDeviceGetCount(int *count) { return *count = 1, 0; }
int cuDeviceGet(int *device, int ordinal) { return *device = 0, ordinal ? INVALID_VALUE : 0; }
int cuDeviceGetName(char *name, int length, int device) {
    strncpy(name, "a processor", length);
    return device ? INVALID_VALUE : 0;
}
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    *value = attribute == 75 ? 9 : 0;
    return device || (attribute != 75 && attribute != 76) ? INVALID_VALUE : 0;
}
int cuDevicePrimaryCtxRetain(void **made, int device) { return *made = &context, device ? INVALID_VALUE : 0; }
int cuCtxSetCurrent(void *made) { return is_current = made == &context, is_current ? 0 : INVALID_VALUE; }
int cuStreamCreate(void **made, unsigned flags) { return *made = &stream, flags != 1 || !is_current ? INVALID_VALUE : 0; }
int cuStreamSynchronize(void *made) { return made == &stream ? 0 : INVALID_VALUE; }

int cuMemAlloc_v2(uint64_t *pointer, size_t bytes) {
    *pointer = (uint64_t)aligned_alloc(256, (bytes + 255) / 256 * 256);
    return bytes == 0 || *pointer == 0 ? INVALID_VALUE : 0;
}
int cuMemFree_v2(uint64_t pointer) { return free((void *)pointer), 0; }
int cuMemHostAlloc(void **pointer, size_t bytes, unsigned flags) {
    *pointer = malloc(bytes);
    return flags != 1 || bytes == 0 || !*pointer ? INVALID_VALUE : 0;
}
int cuMemFreeHost(void *pointer) { return free(pointer), 0; }
int cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, void *made) {
    return memcpy((void *)to, from, bytes), made == &stream ? 0 : INVALID_VALUE;
}
int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, void *made) {
    return memcpy(to, (const void *)from, bytes), made == &stream ? 0 : INVALID_VALUE;
}
int cuMemsetD8Async(uint64_t to, unsigned char byte, size_t bytes, void *made) {
    return memset((void *)to, byte, bytes), made == &stream ? 0 : INVALID_VALUE;
}

/// Takes an ELF file; runs what was compiled for the processor instead.
int cuModuleLoadData(void **module, const void *image) {
    *module = &is_current;
    return memcmp(image, "\177ELF", 4) ? INVALID_IMAGE : 0;
}
int cuModuleGetFunction(void **function, void *module, const char *name) {
    *function = strdup(name);
    return module != &is_current ? INVALID_VALUE : flow_arity(name) < 0 ? NOT_FOUND : 0;
}
int cuLaunchKernel(void *function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z,
                   unsigned shared_bytes, void *made, void **parameters, void **extra) {
    if (!grid_x || !grid_y || grid_z != 1 || !block_x || !block_y || block_z != 1 || block_x * block_y > 1024 || shared_bytes || extra ||
        made != &stream)
        return INVALID_VALUE;
    const char *name = (const char *)function;
    const int count = flow_arity(name);
    uint64_t words[32];
    for (int i = 0; i < count; i++) memcpy(words + i, parameters[i], 8);
    const unsigned grid[4] = {grid_x, grid_y, block_x, block_y};
    return flow_launch(name, words, count, grid, 0) ? INVALID_VALUE : 0;
}
}
