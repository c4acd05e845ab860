#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "udp_receiver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

#include "arguments.h"
#include "udp/batch.h"
#include "udp/opp.h"

/* Calls of recvmmsg before other work of the event loop gets its turn. */
#define WAKE_LIMIT 4

struct environment;

struct receiver {
  uv_poll_t poll;
  struct environment *environment;
  struct receiver *next;
  int32_t id;
  int fd;
  bool is_opp;
  struct wherefrom_opp opp;
  bool closing;
  napi_ref callback;
  napi_ref resource;
  napi_async_context context;
  napi_async_cleanup_hook_handle hook;
};

/* One per thread. Batches are handed over one after the other, so all its receivers share the memory. Lives until its last receiver is closed. */
struct environment {
  napi_env env;
  int owners;
  int32_t last_id;
  struct receiver *receivers;
  struct wherefrom_udp_batch batch;
  /* The ArrayBuffer that batches are received into. */
  napi_ref memory;
};

static void release(struct environment *environment) {
  if (--environment->owners > 0) return;
  free(environment);
}

static struct receiver *find(struct environment *environment, int32_t id) {
  struct receiver *receiver = environment->receivers;
  while (receiver != NULL && receiver->id != id) receiver = receiver->next;
  return receiver;
}

static void on_closed(uv_handle_t *handle) {
  struct receiver *receiver = handle->data;
  if (receiver->hook != NULL) napi_remove_async_cleanup_hook(receiver->hook);
  release(receiver->environment);
  free(receiver);
}

static void start_closing(struct receiver *receiver) {
  if (receiver->closing) return;
  receiver->closing = true;
  struct receiver **link = &receiver->environment->receivers;
  while (*link != receiver) link = &(*link)->next;
  *link = receiver->next;
  uv_poll_stop(&receiver->poll);
  uv_close((uv_handle_t *)&receiver->poll, on_closed);
  /* At once, as libuv closes a socket's own: while a double is open its address stays taken, and 'close' comes before on_closed. */
  close(receiver->fd);
}

/* The environment goes down (a worker is terminated, the process ends): an open handle would abort the process. References go with the environment. */
static void on_environment_end(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  start_closing(data);
}

/*
 * The memory that the next batch is received into. It is JavaScript's, which may give it away at any time (ArrayBuffer.prototype.transfer, postMessage): so its address is asked for before
 * each batch, with nothing of JavaScript between that and the system call, and what was given away has another one in its place.
 */
static bool prepare(struct environment *environment, napi_value *memory) {
  napi_env env = environment->env;
  void *bytes;
  size_t length;
  if (environment->memory != NULL) {
    if (napi_get_reference_value(env, environment->memory, memory) == napi_ok && *memory != NULL &&
        napi_get_arraybuffer_info(env, *memory, &bytes, &length) == napi_ok && length == WHEREFROM_UDP_MEMORY_BYTES &&
        bytes == environment->batch.data) {
      return true;
    }
    napi_delete_reference(env, environment->memory);
    environment->memory = NULL;
  }
  if (napi_create_arraybuffer(env, WHEREFROM_UDP_MEMORY_BYTES, &bytes, memory) != napi_ok) return false;
  if (napi_create_reference(env, *memory, 1, &environment->memory) != napi_ok) return false;
  wherefrom_udp_prepare(&environment->batch, bytes);
  return true;
}

/* Tells JavaScript of a batch, or of an error (a negative count). What its listeners throw is the process's to handle. */
static void tell(struct receiver *receiver, int32_t count, napi_value memory) {
  napi_env env = receiver->environment->env;
  napi_value callback, resource, arguments[2] = {NULL, memory}, result;
  if (napi_get_reference_value(env, receiver->callback, &callback) == napi_ok &&
      napi_get_reference_value(env, receiver->resource, &resource) == napi_ok &&
      napi_create_int32(env, count, &arguments[0]) == napi_ok) {
    napi_make_callback(env, receiver->context, resource, callback, 2, arguments, &result);
  }
  bool is_pending = false;
  if (napi_is_exception_pending(env, &is_pending) == napi_ok && is_pending) {
    napi_value error;
    if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  }
}

/* Receives one batch, and hands it over: its size, or a negative errno. The receiver may be closed by its listeners, and is freed only after all of this has returned. */
static int32_t receive(struct receiver *receiver) {
  struct environment *environment = receiver->environment;
  napi_handle_scope scope;
  napi_value memory = NULL;
  if (napi_open_handle_scope(environment->env, &scope) != napi_ok) return -EAGAIN;
  int32_t count = prepare(environment, &memory) ? wherefrom_udp_receive(&environment->batch, receiver->fd) : -ENOMEM;
  int32_t kept = receiver->is_opp && count > 0 ? wherefrom_opp_take(&receiver->opp, &environment->batch, count) : count;
  if (kept != 0 && kept != -EAGAIN && kept != -EINTR) tell(receiver, kept, memory);
  napi_close_handle_scope(environment->env, scope);
  return count;
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  (void)events;
  struct receiver *receiver = poll->data;
  for (int wake = 0; wake < WAKE_LIMIT && !receiver->closing; wake++) {
    int32_t count = receive(receiver);
    /* The kernel has an error for us that is none of receiving. */
    if (count == -EAGAIN && status < 0 && wake == 0) wherefrom_udp_clear_errors(receiver->fd);
    if (count == -EAGAIN || count == -EINTR || count == 0) break;
    /* After an error (an ICMP message that came for a connected socket) datagrams may be waiting. */
    if (count > 0 && count < WHEREFROM_UDP_BATCH) break;
  }
  /* libuv takes any error for the end of the descriptor, stops watching, and says so by the status. A socket goes on after an ICMP message. */
  if (status < 0 && !receiver->closing) uv_poll_start(&receiver->poll, UV_READABLE, on_readable);
}

/* The data a call has, and its arguments; 0 where there are fewer than `count`, which are undefined then. */
static struct environment *environment_of(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  void *data = NULL;
  return napi_get_cb_info(env, info, &count, values, NULL, &data) == napi_ok ? data : NULL;
}

/* References and contexts can be given back while JavaScript runs, and at the environment's end they go by themselves. */
static void drop(napi_env env, struct receiver *receiver) {
  if (receiver->context != NULL) napi_async_destroy(env, receiver->context);
  if (receiver->callback != NULL) napi_delete_reference(env, receiver->callback);
  if (receiver->resource != NULL) napi_delete_reference(env, receiver->resource);
}

static bool keep(napi_env env, struct receiver *receiver, napi_value callback) {
  napi_value name, resource;
  return napi_create_reference(env, callback, 1, &receiver->callback) == napi_ok &&
         napi_create_object(env, &resource) == napi_ok &&
         napi_create_reference(env, resource, 1, &receiver->resource) == napi_ok &&
         napi_create_string_utf8(env, "WHEREFROM_UDP", NAPI_AUTO_LENGTH, &name) == napi_ok &&
         napi_async_init(env, resource, name, &receiver->context) == napi_ok;
}

/* The receiver's own descriptor, or -errno: the socket's doubled, because libuv allows one watcher each, and dgram has its own; or a raw one beside it. */
static int32_t open_descriptor(struct receiver *receiver, int32_t fd, int32_t wants) {
  if (wants == UDP_WANTS_OPP4 || wants == UDP_WANTS_OPP6) {
    receiver->is_opp = true;
    return wherefrom_opp_open(fd, wants == UDP_WANTS_OPP4 ? 4 : 6, &receiver->opp);
  }
  int32_t result = wherefrom_udp_ask(fd, wants);
  if (result != 0) return result;
  /* Not fcntl(): with 64-bit files it is fcntl64, which glibc has only since 2.28. */
  result = (int32_t)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
  return result < 0 ? -errno : result;
}

/* (fd, wants, callback): the receiver's number, or -errno. */
static napi_value udp_open(napi_env env, napi_callback_info info) {
  napi_value values[3];
  struct environment *environment = environment_of(env, info, 3, values);
  int32_t fd, wants;
  napi_valuetype type;
  if (environment == NULL || !read_int32(env, values[0], &fd) || fd < 0) return reply(env, -EBADF);
  if (!read_int32(env, values[1], &wants) || napi_typeof(env, values[2], &type) != napi_ok || type != napi_function) return reply(env, -EDOM);
  uv_loop_t *loop;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return reply(env, -ENOTSUP);
  struct receiver *receiver = calloc(1, sizeof *receiver);
  if (receiver == NULL) return reply(env, -ENOMEM);
  int32_t result = receiver->fd = open_descriptor(receiver, fd, wants);
  if (result < 0) {
    free(receiver);
    return reply(env, result);
  }
  result = keep(env, receiver, values[2]) ? uv_poll_init(loop, &receiver->poll, receiver->fd) : -ENOMEM;
  if (result != 0) {
    drop(env, receiver);
    close(receiver->fd);
    free(receiver);
    return reply(env, result);
  }
  receiver->poll.data = receiver;
  receiver->environment = environment;
  receiver->id = ++environment->last_id;
  receiver->next = environment->receivers;
  environment->receivers = receiver;
  environment->owners++;
  napi_add_async_cleanup_hook(env, on_environment_end, receiver, &receiver->hook);
  result = uv_poll_start(&receiver->poll, UV_READABLE, on_readable);
  if (result != 0) {
    drop(env, receiver);
    start_closing(receiver);
    return reply(env, result);
  }
  return reply(env, receiver->id);
}

/* (id). -EBADF for one that is not open. */
static napi_value udp_close(napi_env env, napi_callback_info info) {
  napi_value values[1];
  struct environment *environment = environment_of(env, info, 1, values);
  int32_t id;
  if (environment == NULL || !read_int32(env, values[0], &id)) return reply(env, -EBADF);
  struct receiver *receiver = find(environment, id);
  if (receiver == NULL) return reply(env, -EBADF);
  drop(env, receiver);
  start_closing(receiver);
  return reply(env, 0);
}

/* (id, 0 or 1) */
static struct receiver *receiver_and_flag(napi_env env, napi_callback_info info, int32_t *flag) {
  napi_value values[2];
  struct environment *environment = environment_of(env, info, 2, values);
  int32_t id;
  if (environment == NULL || !read_int32(env, values[0], &id) || !read_int32(env, values[1], flag)) return NULL;
  return find(environment, id);
}

/* Whether the receiver keeps the process alive. */
static napi_value udp_ref(napi_env env, napi_callback_info info) {
  int32_t flag;
  struct receiver *receiver = receiver_and_flag(env, info, &flag);
  if (receiver == NULL) return reply(env, -EBADF);
  if (flag != 0) uv_ref((uv_handle_t *)&receiver->poll);
  else uv_unref((uv_handle_t *)&receiver->poll);
  return reply(env, 0);
}

/* (id, UDP_REFUSED_BROKEN or UDP_REFUSED_CHECKSUM): how many packets of protocol 248. */
static napi_value udp_refused(napi_env env, napi_callback_info info) {
  int32_t which;
  struct receiver *receiver = receiver_and_flag(env, info, &which);
  if (receiver == NULL) return reply(env, -EBADF);
  return reply(env, (int32_t)((which == UDP_REFUSED_BROKEN ? receiver->opp.broken : receiver->opp.checksum) & INT32_MAX));
}

static void on_addon_end(void *data) { release(data); }

int wherefrom_define_udp(napi_env env, napi_value group) {
  struct environment *environment = calloc(1, sizeof *environment);
  if (environment == NULL) return 0;
  environment->env = env;
  environment->owners = 1;
  if (napi_add_env_cleanup_hook(env, on_addon_end, environment) != napi_ok) {
    free(environment);
    return 0;
  }
  const napi_property_descriptor functions[] = {
      {"open", NULL, udp_open, NULL, NULL, NULL, napi_enumerable, environment},
      {"close", NULL, udp_close, NULL, NULL, NULL, napi_enumerable, environment},
      {"ref", NULL, udp_ref, NULL, NULL, NULL, napi_enumerable, environment},
      {"refused", NULL, udp_refused, NULL, NULL, NULL, napi_enumerable, environment},
  };
  return napi_define_properties(env, group, sizeof functions / sizeof *functions, functions) == napi_ok;
}
