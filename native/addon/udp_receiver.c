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
#include "udp_batch.h"
#include "udp_opp.h"

/* Calls of recvmmsg before other work of the event loop gets its turn. */
#define WAKE_LIMIT 4
/* Payloads are packed into memory of this size, or of a batch's where that is more; who keeps one payload keeps all of them. */
#define SLAB_BYTES 65536

struct environment;

struct receiver {
  uv_poll_t poll;
  struct environment *environment;
  struct receiver *next;
  int32_t id;
  int fd;
  bool is_opp;
  struct wherefrom_opp opp;
  bool packs;
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
  uint8_t *data;
  struct wherefrom_udp_batch batch;
  int32_t words[WHEREFROM_UDP_BATCH * UDP_WORDS];
  uint8_t *slab;
  size_t slab_bytes;
  size_t slab_used;
  napi_ref slab_reference;
  napi_ref buffers;
};

static void release(struct environment *environment) {
  if (--environment->owners > 0) return;
  free(environment->data);
  free(environment);
}

static void release_finalized(napi_env env, void *data, void *hint) {
  (void)env;
  (void)data;
  release(hint);
}

static struct receiver *find(struct environment *environment, int32_t id) {
  struct receiver *receiver = environment->receivers;
  while (receiver != NULL && receiver->id != id) receiver = receiver->next;
  return receiver;
}

static void on_closed(uv_handle_t *handle) {
  struct receiver *receiver = handle->data;
  close(receiver->fd);
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
}

/* The environment goes down (a worker is terminated, the process ends): an open handle would abort the process. References go with the environment. */
static void on_environment_end(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  start_closing(data);
}

/* Room for a batch in the slab, which is handed to JavaScript whenever it is a new one. */
static napi_value pack(napi_env env, struct environment *environment, int32_t count) {
  size_t needed = wherefrom_udp_packed_bytes(&environment->batch, count);
  napi_value slab = NULL;
  if (needed > environment->slab_bytes - environment->slab_used) {
    size_t size = needed > SLAB_BYTES ? needed : SLAB_BYTES;
    void *memory;
    if (napi_create_arraybuffer(env, size, &memory, &slab) != napi_ok) return NULL;
    if (environment->slab_reference != NULL) napi_delete_reference(env, environment->slab_reference);
    if (napi_create_reference(env, slab, 1, &environment->slab_reference) != napi_ok) environment->slab_reference = NULL;
    environment->slab = memory;
    environment->slab_bytes = size;
    environment->slab_used = 0;
  } else if (napi_get_reference_value(env, environment->slab_reference, &slab) != napi_ok) {
    return NULL;
  }
  wherefrom_udp_pack(&environment->batch, count, environment->slab, environment->slab_used);
  environment->slab_used += needed;
  return slab;
}

/* Tells JavaScript of a batch, or of an error (a negative count). What its listeners throw is the process's to handle. */
static void tell(struct receiver *receiver, int32_t count) {
  struct environment *environment = receiver->environment;
  napi_env env = environment->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value callback, resource, arguments[2], result;
  napi_get_undefined(env, &arguments[1]);
  if (napi_get_reference_value(env, receiver->callback, &callback) == napi_ok &&
      napi_get_reference_value(env, receiver->resource, &resource) == napi_ok &&
      napi_create_int32(env, count, &arguments[0]) == napi_ok &&
      (count < 0 || !receiver->packs || (arguments[1] = pack(env, environment, count)) != NULL)) {
    napi_make_callback(env, receiver->context, resource, callback, 2, arguments, &result);
  }
  bool is_pending = false;
  if (napi_is_exception_pending(env, &is_pending) == napi_ok && is_pending) {
    napi_value error;
    if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  (void)events;
  struct receiver *receiver = poll->data;
  /* The receiver may be closed by its listeners, and freed only after this returns. libuv says that something is wrong with the descriptor: recvmmsg says what. */
  (void)status;
  for (int wake = 0; wake < WAKE_LIMIT && !receiver->closing; wake++) {
    int32_t count = wherefrom_udp_receive(&receiver->environment->batch, receiver->fd);
    if (count == -EAGAIN || count == -EINTR || count == 0) return;
    int32_t kept = receiver->is_opp && count > 0 ? wherefrom_opp_take(&receiver->opp, &receiver->environment->batch, count) : count;
    if (kept != 0) tell(receiver, kept);
    /* After an error (an ICMP message that came for a connected socket) datagrams may be waiting. */
    if (count > 0 && count < WHEREFROM_UDP_BATCH) return;
  }
}

/* The data a call has, and its arguments; 0 where there are fewer than `count`, which are undefined then. */
static struct environment *environment_of(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  void *data = NULL;
  return napi_get_cb_info(env, info, &count, values, NULL, &data) == napi_ok ? data : NULL;
}

/* Shows memory of the environment's to JavaScript; it stays until both are done with it. */
static bool show(napi_env env, struct environment *environment, void *memory, size_t length, napi_value *view) {
  environment->owners++;
  if (napi_create_external_arraybuffer(env, memory, length, release_finalized, environment, view) == napi_ok) return true;
  release(environment);
  return false;
}

/* { data, words }: the memory that batches are received into. The same at each call; a negative number where there can be none. */
static napi_value udp_buffers(napi_env env, napi_callback_info info) {
  napi_value values[1], result, data, memory, words;
  struct environment *environment = environment_of(env, info, 1, values);
  if (environment == NULL) return NULL;
  if (environment->buffers != NULL) return napi_get_reference_value(env, environment->buffers, &result) == napi_ok ? result : NULL;
  if (environment->data == NULL) {
    environment->data = calloc(1, WHEREFROM_UDP_DATA_BYTES);
    if (environment->data == NULL) return reply(env, -ENOMEM);
    wherefrom_udp_prepare(&environment->batch, environment->data, environment->words);
  }
  if (!show(env, environment, environment->data, WHEREFROM_UDP_DATA_BYTES, &data)) return reply(env, -ENOTSUP);
  if (!show(env, environment, environment->words, sizeof environment->words, &memory)) return reply(env, -ENOTSUP);
  if (napi_create_typedarray(env, napi_int32_array, WHEREFROM_UDP_BATCH * UDP_WORDS, memory, 0, &words) != napi_ok) return NULL;
  if (napi_create_object(env, &result) != napi_ok) return NULL;
  if (napi_set_named_property(env, result, "data", data) != napi_ok) return NULL;
  if (napi_set_named_property(env, result, "words", words) != napi_ok) return NULL;
  return napi_create_reference(env, result, 1, &environment->buffers) == napi_ok ? result : NULL;
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
  if (environment->data == NULL) return reply(env, -EDOM);
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
  receiver->packs = true;
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

/* Whether batches are copied to memory of their own, or stay where the next batch overwrites them. */
static napi_value udp_pack(napi_env env, napi_callback_info info) {
  int32_t flag;
  struct receiver *receiver = receiver_and_flag(env, info, &flag);
  if (receiver == NULL) return reply(env, -EBADF);
  receiver->packs = flag != 0;
  return reply(env, 0);
}

/* (id, 0 or 1): how many packets of protocol 248 were refused, because they were broken, or because of a checksum. */
static napi_value udp_refused(napi_env env, napi_callback_info info) {
  int32_t which;
  struct receiver *receiver = receiver_and_flag(env, info, &which);
  if (receiver == NULL) return reply(env, -EBADF);
  return reply(env, (int32_t)((which != 0 ? receiver->opp.checksum : receiver->opp.broken) & INT32_MAX));
}

static void on_addon_end(void *data) { release(data); }

int wherefrom_define_udp(napi_env env, napi_value exports) {
  struct environment *environment = calloc(1, sizeof *environment);
  if (environment == NULL) return 0;
  environment->env = env;
  environment->owners = 1;
  if (napi_add_env_cleanup_hook(env, on_addon_end, environment) != napi_ok) {
    free(environment);
    return 0;
  }
  const napi_property_descriptor functions[] = {
      {"udpBuffers", NULL, udp_buffers, NULL, NULL, NULL, napi_enumerable, environment},
      {"udpOpen", NULL, udp_open, NULL, NULL, NULL, napi_enumerable, environment},
      {"udpClose", NULL, udp_close, NULL, NULL, NULL, napi_enumerable, environment},
      {"udpRef", NULL, udp_ref, NULL, NULL, NULL, napi_enumerable, environment},
      {"udpPack", NULL, udp_pack, NULL, NULL, NULL, napi_enumerable, environment},
      {"udpRefused", NULL, udp_refused, NULL, NULL, NULL, napi_enumerable, environment},
  };
  return napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) == napi_ok;
}
