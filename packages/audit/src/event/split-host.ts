/** `app.example:8443` and `[2001:db8::1]:443` as what they name, an IPv6 address in its brackets, and the port, where one that can be was written. */
export function splitHost(host: string): { readonly name: string; readonly port: number | undefined } {
  const [, name = host, digits] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(host) ?? [];
  const port = Number(digits);
  return { name, port: port >= 1 && port <= 65_535 ? port : undefined };
}
