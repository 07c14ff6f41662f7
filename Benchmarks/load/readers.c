// Readers of one path of any HTTP server, which cost next to nothing: one thread, one buffer.
//
//   cc -O2 -o readers readers.c
//   readers PORT COUNT [--path PATH] [--body TEXT] [--within SECONDS] [--token TEXT] [--mark CHARACTER]
//
// The readers connect to 127.0.0.1 spread over the time of --within; with a body they post it. All stay until standard input
// has ended. With each line there, they print what they have received so far as a line of JSON: how many have had their first
// bytes, and how many were closed by the server; bytes, chunks of input, and how often the mark came.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct reader {
    int socket, is_connected, has_bytes;
    uint64_t opened;
};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

int main(int count, char **arguments) {
    if (count < 3) return fprintf(stderr, "usage: readers PORT COUNT [options]\n"), 2;
    int port = atoi(arguments[1]), wanted = atoi(arguments[2]);
    const char *path = "/", *body = NULL, *token = NULL, *mark = NULL;
    double within = 0;
    for (int index = 3; index + 1 < count; index += 2) {
        const char *value = arguments[index + 1];
        if (!strcmp(arguments[index], "--path")) path = value;
        else if (!strcmp(arguments[index], "--body")) body = value;
        else if (!strcmp(arguments[index], "--within")) within = atof(value);
        else if (!strcmp(arguments[index], "--token")) token = value;
        else if (!strcmp(arguments[index], "--mark")) mark = value;
        else return fprintf(stderr, "unknown option %s\n", arguments[index]), 2;
    }
    char authorization[2048] = "", *request;
    if (token) snprintf(authorization, sizeof authorization, "Authorization: Bearer %s\r\n", token);
    int length = body
        ? asprintf(&request, "POST %s HTTP/1.1\r\nHost: localhost:%d\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n"
            "Content-Length: %zu\r\n%s\r\n%s", path, port, strlen(body), authorization, body)
        : asprintf(&request, "GET %s HTTP/1.1\r\nHost: localhost:%d\r\nAccept: text/event-stream\r\n%s\r\n", path, port, authorization);

    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int poller = epoll_create1(0), opened = 0, ready = 0, closed = 0, refused = 0;
    uint64_t start = now(), all_opened = 0, all_ready = 0, slowest = 0, bytes = 0, chunks = 0, marks = 0;
    struct reader *readers = calloc(wanted, sizeof *readers), input = {.socket = 0};
    static char buffer[1 << 18];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &input}, events[512];
    epoll_ctl(poller, EPOLL_CTL_ADD, 0, &event);
    for (;;) {
        double elapsed = (now() - start) / 1e9;
        int due = within > 0 && elapsed < within ? (int)(wanted * elapsed / within) : wanted;
        for (int burst = 0; opened < due && burst < 256; burst++) {
            struct reader *reader = &readers[opened++];
            if ((reader->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) < 0) fail("socket");
            reader->opened = now();
            if (connect(reader->socket, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) fail("connect");
            event = (struct epoll_event){.events = EPOLLIN | EPOLLOUT, .data.ptr = reader};
            epoll_ctl(poller, EPOLL_CTL_ADD, reader->socket, &event);
        }
        if (opened == wanted && !all_opened) all_opened = now() - start;
        int found = epoll_wait(poller, events, 512, opened < wanted ? 1 : -1);
        for (int index = 0; index < found; index++) {
            struct reader *reader = events[index].data.ptr;
            if (!reader->is_connected && reader != &input) {
                reader->is_connected = 1;
                if (send(reader->socket, request, length, MSG_NOSIGNAL) != length) fail("send");
                event = (struct epoll_event){.events = EPOLLIN, .data.ptr = reader};
                epoll_ctl(poller, EPOLL_CTL_MOD, reader->socket, &event);
                continue;
            }
            ssize_t size = read(reader->socket, buffer, sizeof buffer);
            if (reader == &input) {
                if (size <= 0) return 0;
                printf("{\"readers\":%d,\"ready\":%d,\"refused\":%d,\"closed\":%d,\"opened_ms\":%.0f,\"ready_ms\":%.0f,\"slowest_ms\":%.0f,"
                    "\"bytes\":%lu,\"chunks\":%lu,\"marks\":%lu}\n", opened, ready, refused, closed, all_opened / 1e6, all_ready / 1e6,
                    slowest / 1e6, bytes, chunks, marks);
                fflush(stdout);
                continue;
            }
            if (size <= 0) {
                if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
                close(reader->socket);
                closed++;
                continue;
            }
            if (!reader->has_bytes) {
                reader->has_bytes = 1;
                uint64_t time = now();
                if (time - reader->opened > slowest) slowest = time - reader->opened;
                if (size < 12 || memcmp(buffer, "HTTP/1.1 200", 12)) {
                    if (!refused++) fprintf(stderr, "%.*s\n", (int)(size > 300 ? 300 : size), buffer);
                }
                if (++ready == wanted) all_ready = time - start;
            }
            bytes += size;
            chunks++;
            if (mark)
                for (char *at = buffer, *end = buffer + size; (at = memchr(at, *mark, end - at)); at++) marks++;
        }
    }
}
