/* Opens the addon as a process with musl would: the napi_ symbols are ours, the rest is musl's. Built by binary.test.ts with musl-gcc -rdynamic. */
#include <dlfcn.h>
#include <stdio.h>

#define STUB(name) \
  int name(void) { return 9; }
STUB(napi_create_external_buffer)
STUB(napi_create_int32)
STUB(napi_define_properties)
STUB(napi_get_cb_info)
STUB(napi_get_value_double)
STUB(napi_get_value_string_utf8)
STUB(napi_set_instance_data)
STUB(napi_set_named_property)
STUB(napi_throw_error)

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
