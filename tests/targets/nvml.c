// A stand-in for libnvidia-ml.so.1: two GPUs with fixed values. What it plays, STAND_IN says; STAND_IN_PID is the process
// that computes on GPU 0, beside one of somebody else. Signatures as in nvml.h.

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUCCESS = 0, NO_PERMISSION = 4, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, DRIVER_NOT_LOADED = 9 };

typedef unsigned long long u64;
typedef struct { unsigned gpu, memory; } Utilization;
typedef struct { u64 total, free, used; } Memory;
typedef struct { unsigned version; u64 total, reserved, free, used; } Memory2;
typedef struct { unsigned pid; u64 used; unsigned gpu_instance, compute_instance; } Process;
typedef struct { unsigned pid; u64 at; unsigned sm, memory, encoder, decoder; } Sample;

static int is(const char *part) {
    const char *played = getenv("STAND_IN");
    return played != NULL && strcmp(played, part) == 0;
}

static unsigned own(void) {
    const char *pid = getenv("STAND_IN_PID");
    return pid == NULL ? 0 : (unsigned)atoi(pid);
}

int nvmlInit_v2(void) {
    if (is("hanging at its start")) for (;;) pause();
    if (is("no rights")) return NO_PERMISSION;
    return is("no driver") ? DRIVER_NOT_LOADED : SUCCESS;
}

int nvmlShutdown(void) { return SUCCESS; }

const char *nvmlErrorString(int error) { return error == NO_PERMISSION ? "Insufficient Permissions" : "Error"; }

int nvmlDeviceGetCount_v2(unsigned *count) {
    *count = is("absurd") ? 4000000000u : 2;
    return SUCCESS;
}

// A handle is the GPU's number, and one, for none is NULL.
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    *device = (void *)(size_t)(index + 1);
    return index == 1 && is("half the rights") ? NO_PERMISSION : SUCCESS;
}

int nvmlDeviceGetName(void *device, char *name, unsigned length) {
    (void)device;
    strncpy(name, is("absurd") ? "bad\x1b[31m\xff" : "Stand-in GPU", length);
    return SUCCESS;
}

int nvmlDeviceGetUtilizationRates(void *device, Utilization *rates) {
    if (is("hanging later")) for (;;) pause();
    rates->gpu = is("absurd") ? 4711 : device == (void *)1 ? 90 : 20;
    rates->memory = 10;
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(void *device, Memory *memory) {
    (void)device;
    memory->total = 24000000000ull;
    memory->used = is("absurd") ? ~0ull : 8000000000ull;
    memory->free = memory->total - memory->used;
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo_v2(void *device, Memory2 *memory) {
    Memory plain;
    nvmlDeviceGetMemoryInfo(device, &plain);
    memory->total = plain.total, memory->used = plain.used, memory->free = plain.free, memory->reserved = 0;
    return SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *count, Process *processes) {
    unsigned room = *count;
    if (is("absurd")) {
        *count = 4000000000u;
        return INSUFFICIENT_SIZE;
    }
    if (is("half the rights")) return NO_PERMISSION;
    *count = device == (void *)1 ? 2 : 1;
    if (room < *count) return INSUFFICIENT_SIZE;
    Process all[2] = {{1, 1000000000ull, 0, 0}, {own(), 6000000000ull, 0, 0}};
    memcpy(processes, all, *count * sizeof(Process));
    return SUCCESS;
}

int nvmlDeviceGetProcessUtilization(void *device, Sample *samples, unsigned *count, u64 since) {
    unsigned room = *count;
    (void)since;
    if (device != (void *)1) return NOT_FOUND;
    *count = 2;
    if (room < *count) return INSUFFICIENT_SIZE;
    Sample all[2] = {{1, 1000, 5, 1, 0, 0}, {own(), 1000, 85, 1, 0, 0}};
    memcpy(samples, all, *count * sizeof(Sample));
    return SUCCESS;
}
