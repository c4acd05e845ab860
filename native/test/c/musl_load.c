/* Opens the addon as a process with musl would: the napi_ and uv_ symbols, which Node has, are ours, the rest is musl's. Built by binary.test.ts with musl-gcc -rdynamic. */
#include <dlfcn.h>
#include <stdio.h>

#define STUB(name) \
  int name(void) { return 9; }
STUB(napi_add_async_cleanup_hook)
STUB(napi_add_env_cleanup_hook)
STUB(napi_async_destroy)
STUB(napi_async_init)
STUB(napi_close_handle_scope)
STUB(napi_create_arraybuffer)
STUB(napi_create_external_buffer)
STUB(napi_create_int32)
STUB(napi_create_object)
STUB(napi_create_reference)
STUB(napi_create_string_utf8)
STUB(napi_define_properties)
STUB(napi_delete_reference)
STUB(napi_fatal_exception)
STUB(napi_get_and_clear_last_exception)
STUB(napi_get_arraybuffer_info)
STUB(napi_get_buffer_info)
STUB(napi_get_cb_info)
STUB(napi_get_reference_value)
STUB(napi_get_typedarray_info)
STUB(napi_get_uv_event_loop)
STUB(napi_get_value_double)
STUB(napi_get_value_string_utf8)
STUB(napi_is_exception_pending)
STUB(napi_is_typedarray)
STUB(napi_make_callback)
STUB(napi_open_handle_scope)
STUB(napi_remove_async_cleanup_hook)
STUB(napi_set_instance_data)
STUB(napi_set_named_property)
STUB(napi_throw_error)
STUB(napi_typeof)
STUB(uv_close)
STUB(uv_poll_init)
STUB(uv_poll_start)
STUB(uv_poll_stop)
STUB(uv_ref)
STUB(uv_unref)

int main(int count, char **arguments) {
  void *library = count == 2 ? dlopen(arguments[1], RTLD_NOW) : NULL;
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  /* With Node-API refusing everything, it must end without an exports object and without a crash. */
  void *(*init)(void *, void *) = (void *(*)(void *, void *))dlsym(library, "napi_register_module_v1");
  return init == NULL || init(NULL, NULL) != NULL;
}
