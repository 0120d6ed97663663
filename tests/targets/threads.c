/* A process with known threads, steered by lines on its standard input; it answers each with one line and ends at EOF.
 *   idle N      N threads that sleep           spin N   N threads that compute
 *   sleep N     N threads that nanosleep       poll N   N threads that poll three descriptors
 *   wake N      N threads that run for 50 us now and then
 *   fifo PATH   a thread that reads the fifo; these four last until the process ends, never say `end` after them
 *   end         ends all of them               churn N  N threads created and ended, about 1000 a second
 *   burn N      N threads one after the other, each of which computes for 3 ms
 *   ping N      two threads that wake each other N times through pipes
 *   waited      what threads of `burn` ran and waited for a CPU until now, by their own schedstat, in microseconds
 *   fork        a child, whose child outlives it: prints both pids
 *   orphan      ends the child of `fork`       exec     runs this program anew
 * Everything forked ends by itself after a minute. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 20000

static pthread_t threads[MOST];
static int count;
static atomic_int ending;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;

static void *idle(void *unused) {
    prctl(PR_SET_NAME, "idle (one) x");
    pthread_mutex_lock(&lock);
    while (!ending) pthread_cond_wait(&woken, &lock);
    pthread_mutex_unlock(&lock);
    return unused;
}

static void *spin(void *unused) {
    prctl(PR_SET_NAME, "spin");
    while (!ending) {}
    return unused;
}

static void *nap(void *unused) {
    struct timespec hour = {3600, 0};
    prctl(PR_SET_NAME, "nap");
    for (;;) nanosleep(&hour, NULL);
    return unused;
}

static void *wake(void *number) {
    unsigned seed = (unsigned)(size_t)number;
    prctl(PR_SET_NAME, "wake");
    for (;;) {
        struct timespec begin, now, pause = {0, 100000000L + rand_r(&seed) % 800000000L};
        nanosleep(&pause, NULL);
        clock_gettime(CLOCK_MONOTONIC, &begin);
        do clock_gettime(CLOCK_MONOTONIC, &now);
        while ((now.tv_sec - begin.tv_sec) * 1000000000L + now.tv_nsec - begin.tv_nsec < 50000);
    }
    return number;
}

static void *poll_three(void *unused) {
    struct pollfd three[3] = {{-1, POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}};
    prctl(PR_SET_NAME, "poll");
    for (;;) poll(three, 3, -1);
    return unused;
}

static char fifo[200];

static void *read_fifo(void *unused) {
    char byte;
    prctl(PR_SET_NAME, "fifo");
    int file = open(fifo, O_RDWR);
    while (file >= 0 && read(file, &byte, 1) == 1) {}
    return unused;
}

static void *nothing(void *unused) { return unused; }

static int start(int wanted, void *(*routine)(void *)) {
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 << 10);
    for (int i = 0; i < wanted && count < MOST; i++) {
        if (pthread_create(&threads[count], &small, routine, (void *)(size_t)count) != 0) return 0;
        count++;
    }
    return 1;
}

static void end(void) {
    pthread_mutex_lock(&lock);
    ending = 1;
    pthread_cond_broadcast(&woken);
    pthread_mutex_unlock(&lock);
    while (count > 0) pthread_join(threads[--count], NULL);
    ending = 0;
}

static unsigned long long burnt_ns, waited_ns;

static void *compute(void *unused) {
    struct timespec used;
    do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    while (used.tv_nsec < 3000000L);
    unsigned long long run = 0, wait = 0;
    FILE *file = fopen("/proc/thread-self/schedstat", "r");
    if (file != NULL && fscanf(file, "%llu %llu", &run, &wait) == 2) burnt_ns += run, waited_ns += wait;
    if (file != NULL) fclose(file);
    return unused;
}

static int burn(int wanted) {
    pthread_t one;
    for (int i = 0; i < wanted; i++) {
        if (pthread_create(&one, NULL, compute, NULL) != 0) return 0;
        pthread_join(one, NULL);
    }
    return 1;
}

static int ping_pipes[2], pong_pipes[2];

static void *pong(void *wanted) {
    char byte = 0;
    prctl(PR_SET_NAME, "pong");
    for (size_t i = 0; i < (size_t)wanted; i++)
        if (read(ping_pipes[0], &byte, 1) != 1 || write(pong_pipes[1], &byte, 1) != 1) break;
    return NULL;
}

static int ping(int wanted) {
    pthread_t other;
    char byte = 0;
    if (pipe(ping_pipes) != 0 || pipe(pong_pipes) != 0) return 0;
    if (pthread_create(&other, NULL, pong, (void *)(size_t)wanted) != 0) return 0;
    for (int i = 0; i < wanted; i++)
        if (write(ping_pipes[1], &byte, 1) != 1 || read(pong_pipes[0], &byte, 1) != 1) return 0;
    pthread_join(other, NULL);
    for (int i = 0; i < 2; i++) {
        close(ping_pipes[i]);
        close(pong_pipes[i]);
    }
    return 1;
}

static int churn(int wanted) {
    struct timespec millisecond = {0, 1000000};
    for (int i = 0; i < wanted; i += 4) {
        pthread_t some[4];
        for (int k = 0; k < 4; k++)
            if (pthread_create(&some[k], NULL, nothing, NULL) != 0) return 0;
        for (int k = 0; k < 4; k++) pthread_join(some[k], NULL);
        nanosleep(&millisecond, NULL);
        nanosleep(&millisecond, NULL);
    }
    return 1;
}

static pid_t fork_twice(pid_t *grandchild) {
    int ends[2];
    if (pipe(ends) != 0) return -1;
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        pid_t its = fork();
        if (its == 0) { alarm(60); for (;;) pause(); }
        if (write(ends[1], &its, sizeof its) != sizeof its) _exit(1);
        for (;;) pause();
    }
    if (read(ends[0], grandchild, sizeof *grandchild) != sizeof *grandchild) return -1;
    close(ends[0]);
    close(ends[1]);
    return child;
}

int main(int argc, char **argv) {
    char line[256];
    pid_t child = 0, grandchild = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0);
    printf("ready %d\n", (int)getpid());
    while (fgets(line, sizeof line, stdin)) {
        char word[32] = "";
        int number = 0, fine = 1;
        sscanf(line, "%31s %d", word, &number);
        if (!strcmp(word, "idle")) fine = start(number, idle);
        else if (!strcmp(word, "spin")) fine = start(number, spin);
        else if (!strcmp(word, "sleep")) fine = start(number, nap);
        else if (!strcmp(word, "wake")) fine = start(number, wake);
        else if (!strcmp(word, "poll")) fine = start(number, poll_three);
        else if (!strcmp(word, "fifo")) fine = sscanf(line, "fifo %199s", fifo) == 1 && start(1, read_fifo);
        else if (!strcmp(word, "end")) end();
        else if (!strcmp(word, "churn")) fine = churn(number);
        else if (!strcmp(word, "burn")) fine = burn(number);
        else if (!strcmp(word, "ping")) fine = ping(number);
        else if (!strcmp(word, "waited")) {
            printf("ok %llu %llu\n", burnt_ns / 1000, waited_ns / 1000);
            continue;
        } else if (!strcmp(word, "fork")) child = fork_twice(&grandchild), fine = child > 0;
        else if (!strcmp(word, "orphan")) kill(child, SIGKILL), waitpid(child, NULL, 0);
        else if (!strcmp(word, "exec")) { execl("/proc/self/exe", argv[0], "again", (char *)NULL); fine = 0; }
        else fine = 0;
        printf("%s %d %d\n", fine ? "ok" : "failed", (int)child, (int)grandchild);
    }
    return argc > 2;
}
