/*
 * The floor of bench/suites/native.mjs: the same getsockopt in a loop of C, and a clock of the thread's processor time. An addon, because a process with several threads,
 * as every Node is, takes longer to find a descriptor than one with a single thread; with PROGRAM it is that, too, for comparison.
 */
#define NAPI_VERSION 8
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

/* Nanoseconds a call. */
static double loop(int fd, int level, int name, int length, int count) {
  char answer[512];
  volatile int checksum = 0;
  double start = now();
  for (int call = 0; call < count; call++) {
    socklen_t room = (socklen_t)length;
    checksum += getsockopt(fd, level, name, answer, &room);
  }
  return (now() - start) / count;
}

#ifdef PROGRAM

/* Reads "LEVEL NAME LENGTH COUNT", answers nanoseconds a call on a connection of its own; ends with its input. */
int main(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1)) return 1;
  if (getsockname(listener, (struct sockaddr *)&address, &size)) return 1;
  if (connect(client, (struct sockaddr *)&address, sizeof address)) return 1;
  int accepted = accept(listener, NULL, NULL), level, name, length, count;
  while (scanf("%d %d %d %d", &level, &name, &length, &count) == 4) {
    printf("%.1f\n", loop(accepted, level, name, length, count));
    fflush(stdout);
  }
  return 0;
}

#else

#include <node_api.h>

static napi_value clock_now(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  return napi_create_double(env, now(), &result) == napi_ok ? result : NULL;
}

static napi_value call_loop(napi_env env, napi_callback_info info) {
  size_t count = 5;
  napi_value values[5], result;
  int32_t numbers[5];
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok) return NULL;
  for (int index = 0; index < 5; index++) {
    if (napi_get_value_int32(env, values[index], &numbers[index]) != napi_ok) return NULL;
  }
  double time = loop(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
  return napi_create_double(env, time, &result) == napi_ok ? result : NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"now", NULL, clock_now, NULL, NULL, NULL, napi_enumerable, NULL},
      {"loop", NULL, call_loop, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  return napi_define_properties(env, exports, 2, functions) == napi_ok ? exports : NULL;
}

#endif
