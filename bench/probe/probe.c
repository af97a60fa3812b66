
/*
 * How late an event loop answers: asks for a trivial location at fixed times
 * over one connection.
 *
 *     probe PORT PATH INTERVAL SECONDS
 *
 * INTERVAL is in milliseconds.  A latency begins when the request should have
 * been sent, so one stall also counts in the requests that it holds up.  Prints
 * JSON: how many answers, and latencies in milliseconds.
 */


#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


static void
die(const char *what)
{
    fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
    exit(1);
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}


static void
sleep_until(double ms)
{
    struct timespec  ts;

    ts.tv_sec = ms / 1e3;
    ts.tv_nsec = (ms - ts.tv_sec * 1e3) * 1e6;

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
    {
        /* void */
    }
}


static int
open_socket(int port)
{
    int                 fd, on;
    struct sockaddr_in  sin;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    fd = socket(AF_INET, SOCK_STREAM, 0);
    on = 1;

    if (fd < 0
        || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0
        || connect(fd, (struct sockaddr *) &sin, sizeof(sin)) != 0)
    {
        die("connect");
    }

    return fd;
}


/* The answer is so small that it comes in one piece. */

static void
ask(int fd, const char *request)
{
    char     buf[4096];
    ssize_t  n;

    if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
        die("send");
    }

    n = recv(fd, buf, sizeof(buf), 0);

    if (n < 12 || memcmp(buf + 9, "200", 3) != 0) {
        die("answer");
    }
}


static int
compare(const void *one, const void *two)
{
    double  a = *(const double *) one;
    double  b = *(const double *) two;

    return (a > b) - (a < b);
}


int
main(int argc, char **argv)
{
    int      fd;
    char     request[1024];
    double   at, end, interval, *latencies;
    size_t   n, size;

    if (argc != 5) {
        errno = EINVAL;
        die("PORT PATH INTERVAL SECONDS");
    }

    fd = open_socket(atoi(argv[1]));
    interval = atof(argv[3]);

    snprintf(request, sizeof(request),
             "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", argv[2]);

    size = atof(argv[4]) * 1e3 / interval + 1;
    latencies = malloc(size * sizeof(double));
    if (interval <= 0 || latencies == NULL) {
        die("malloc");
    }

    at = now();
    end = at + atof(argv[4]) * 1e3;

    for (n = 0; n < size && at < end; n++) {
        sleep_until(at);
        ask(fd, request);
        latencies[n] = now() - at;
        at += interval;
    }

    qsort(latencies, n, sizeof(double), compare);

    printf("{\"count\":%zu,\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}\n", n,
           latencies[n / 2], latencies[n * 99 / 100], latencies[n - 1]);

    close(fd);

    return 0;
}
