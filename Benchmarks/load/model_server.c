// A server of models that costs next to nothing: one thread, OpenAI's chat completions over HTTP/1.1 on loopback.
//
//   cc -O2 -o model_server model_server.c
//   model_server [--bytes N] [--rate TOKENS_PER_SECOND --tokens N]
//
// Prints the port that it listens on. A request with a schema gets the verdict, decision or ballot that Pressroom asks for,
// at once; any other gets a text of N bytes, at once, or with --rate so many tokens, one by one. `"stream":true` gets
// server-sent events, as one chunk or as one for each token, and any other request a document. Each token has one `~`,
// by which readers count. GET /count returns how many requests and tokens there were.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct buffer {
    char *bytes;
    size_t length, capacity;
};

struct connection {
    int socket, is_watched_for_space;
    struct buffer in, out;
    size_t sent; // of out
    // Of the answer that is sent token by token; 0: there is none.
    long tokens_left;
    uint64_t due;
    struct connection *next;
};

// Connections whose next token is due, the earliest first: all wait equally long, so each goes to the end.
static struct connection *first_due, *last_due;
static int poller;
static long rate, token_count = 100, text_size = 288;
static uint64_t requests, tokens;
static char *text;

static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void add(struct buffer *buffer, const char *bytes, size_t length) {
    if (buffer->length + length + 1 > buffer->capacity) {
        buffer->capacity = 2 * (buffer->length + length + 1);
        if (!(buffer->bytes = realloc(buffer->bytes, buffer->capacity))) fail("memory");
    }
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
    buffer->bytes[buffer->length] = 0;
}

static void add_text(struct buffer *buffer, const char *bytes) { add(buffer, bytes, strlen(bytes)); }

static void add_chunk(struct buffer *buffer, const struct buffer *data) {
    char size[24];
    add(buffer, size, sprintf(size, "%zx\r\n", data->length));
    add(buffer, data->bytes, data->length);
    add_text(buffer, "\r\n");
}

static void add_document(struct buffer *buffer, const struct buffer *body) {
    char lines[128];
    add(buffer, lines, sprintf(lines, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", body->length));
    add(buffer, body->bytes, body->length);
}

static void watch(struct connection *connection, int for_space) {
    if (connection->is_watched_for_space == for_space) return;
    connection->is_watched_for_space = for_space;
    struct epoll_event event = {.events = EPOLLIN | (for_space ? EPOLLOUT : 0), .data.ptr = connection};
    epoll_ctl(poller, EPOLL_CTL_MOD, connection->socket, &event);
}

// Whether all has been sent.
static int flush(struct connection *connection) {
    struct buffer *out = &connection->out;
    while (connection->sent < out->length) {
        ssize_t count = send(connection->socket, out->bytes + connection->sent, out->length - connection->sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) {
            watch(connection, 1);
            return 0;
        }
        if (count < 0) break; // the next read finds the connection closed
        connection->sent += count;
    }
    out->length = connection->sent = 0;
    watch(connection, 0);
    return 1;
}

// What the schema of a request asks for, as the content of a JSON string; nil without one.
static const char *structured(const char *body) {
    static char ballot[512];
    const char *schema = strstr(body, "\"json_schema\":{\"name\":\"");
    if (!schema) return NULL;
    schema += strlen("\"json_schema\":{\"name\":\"");
    if (!strncmp(schema, "edit_decision\"", 14))
        return "{\\\"feedback\\\":\\\"Clear as it is.\\\",\\\"approved\\\":true,\\\"content\\\":null}";
    if (!strncmp(schema, "evaluation\"", 11)) {
        sprintf(ballot, "{\\\"reasoning\\\":\\\"It says what it has to say in few words.\\\",\\\"criteria_scores\\\":{\\\"quality\\\":%d}}",
            5 + (int)(requests % 5));
        return ballot;
    }
    // A ballot: the labels in the order in which the schema lists them.
    const char *labels = strstr(schema, "\"enum\":[");
    if (!labels) return "{}";
    char *end = ballot + sprintf(ballot, "{\\\"reasoning\\\":\\\"The first is clearer.\\\",\\\"ranking\\\":");
    for (labels += strlen("\"enum\":"); *labels && *labels != ']' && end < ballot + sizeof ballot - 8; labels++) {
        if (*labels == '"') *end++ = '\\';
        *end++ = *labels;
    }
    strcpy(end, "]}");
    return ballot;
}

static void answer(struct connection *connection, const char *body) {
    static struct buffer data;
    const char *content = structured(body);
    int is_streamed = strstr(body, "\"stream\":true") || strstr(body, "\"stream\": true");
    requests++;
    data.length = 0;
    if (!is_streamed) {
        add_text(&data, "{\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"");
        add_text(&data, content ? content : text);
        add_text(&data, "\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":60,\"completion_tokens\":60,\"total_tokens\":120}}");
        add_document(&connection->out, &data);
        return;
    }
    add_text(&connection->out, head);
    if (rate && !content) {
        connection->tokens_left = token_count;
        connection->due = now() + 1000000000 / rate;
        connection->next = NULL;
        if (last_due) last_due->next = connection; else first_due = connection;
        last_due = connection;
        return;
    }
    add_text(&data, "data: {\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"");
    add_text(&data, content ? content : text);
    add_text(&data, "\"}}]}\n\n");
    add_text(&data, "data: {\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
        "data: {\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":60,\"completion_tokens\":60,\"total_tokens\":120}}\n\n"
        "data: [DONE]\n\n");
    add_chunk(&connection->out, &data);
    add_text(&connection->out, "0\r\n\r\n");
}

static void add_token(struct connection *connection) {
    static const char token[] = "data: {\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,\"model\":\"m\","
        "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" wor~\"},\"finish_reason\":null}]}\n\n";
    static char chunk[sizeof token + 16];
    static size_t length;
    if (!length) length = sprintf(chunk, "%zx\r\n%s\r\n", sizeof token - 1, token);
    add(&connection->out, chunk, length);
    tokens++;
    if (--connection->tokens_left) return;
    static struct buffer end;
    if (!end.length)
        add_text(&end, "data: {\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
            "data: [DONE]\n\n");
    add_chunk(&connection->out, &end);
    add_text(&connection->out, "0\r\n\r\n");
}

// The tokens that are due. One that cannot be sent is late, and not sent twice as fast afterwards.
static void send_due(void) {
    uint64_t time = now(), interval = rate ? 1000000000 / rate : 0;
    while (first_due && first_due->due <= time) {
        struct connection *connection = first_due;
        if (!(first_due = connection->next)) last_due = NULL;
        connection->next = NULL;
        if (connection->socket < 0) { // closed meanwhile
            free(connection);
            continue;
        }
        if (!connection->is_watched_for_space) {
            add_token(connection);
            flush(connection);
        }
        if (!connection->tokens_left) continue;
        connection->due += interval;
        if (connection->due < time) connection->due = time;
        if (last_due) last_due->next = connection; else first_due = connection;
        last_due = connection;
    }
}

// Responds to the whole requests that have been read.
static void serve(struct connection *connection) {
    struct buffer *in = &connection->in;
    size_t done = 0;
    while (!connection->tokens_left && done < in->length) {
        char *start = in->bytes + done, *end = strstr(start, "\r\n\r\n");
        if (!end) break;
        char *field = strcasestr(start, "\r\ncontent-length:");
        size_t length = field && field < end ? strtoul(field + 17, NULL, 10) : 0, whole = end + 4 - start + length;
        if (done + whole > in->length) break;
        if (!strncmp(start, "GET ", 4)) {
            static struct buffer counts;
            char line[96];
            counts.length = 0;
            add(&counts, line, sprintf(line, "{\"requests\":%lu,\"tokens\":%lu}", requests, tokens));
            add_document(&connection->out, &counts);
        } else {
            char saved = start[whole];
            start[whole] = 0;
            answer(connection, end + 4);
            start[whole] = saved;
        }
        done += whole;
    }
    memmove(in->bytes, in->bytes + done, in->length - done);
    in->length -= done;
    if (in->bytes) in->bytes[in->length] = 0;
}

static void close_connection(struct connection *connection) {
    close(connection->socket);
    free(connection->in.bytes);
    free(connection->out.bytes);
    connection->in = connection->out = (struct buffer){0};
    connection->socket = -1;
    if (!connection->tokens_left) free(connection); // else the queue does
}

static void receive(struct connection *connection) {
    static char bytes[1 << 17];
    ssize_t count = recv(connection->socket, bytes, sizeof bytes, 0);
    if (count <= 0) {
        if (count == 0 || (errno != EAGAIN && errno != EINTR)) close_connection(connection);
        return;
    }
    add(&connection->in, bytes, count);
    serve(connection);
    flush(connection);
}

static void take_connections(int listener) {
    int socket, on = 1;
    while ((socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection *connection = calloc(1, sizeof *connection);
        connection->socket = socket;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event);
    }
}

int main(int count, char **arguments) {
    for (int index = 1; index + 1 < count; index += 2) {
        long value = atol(arguments[index + 1]);
        if (!strcmp(arguments[index], "--rate")) rate = value;
        else if (!strcmp(arguments[index], "--tokens")) token_count = value;
        else if (!strcmp(arguments[index], "--bytes")) text_size = value;
        else return fprintf(stderr, "unknown option %s\n", arguments[index]), 2;
    }
    static const char sentence[] = "A draft of some forty words, the same for everybody, so that what is measured is the machinery. ";
    text = malloc(text_size + 1);
    for (long index = 0; index < text_size; index++) text[index] = sentence[index % (sizeof sentence - 1)];
    text[text_size] = 0;

    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 4096)) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);

    poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int found = epoll_wait(poller, events, 256, first_due ? 1 : -1);
        for (int index = 0; index < found; index++) {
            struct connection *connection = events[index].data.ptr;
            if (!connection) take_connections(listener);
            else if (events[index].events & ~EPOLLOUT) receive(connection);
            else if (flush(connection)) {
                serve(connection); // what came while a long answer was sent
                flush(connection);
            }
        }
        send_due();
    }
}
