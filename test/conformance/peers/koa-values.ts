import type { Value } from "./differences.ts";

/** Koa's `proxy`, and `maxIpsCount` where it is a number. A stream of HTTP/2 where the lines have `:authority`. */
export type KoaValue = Value & { readonly versions?: readonly (2 | 3)[] };

const userinfo = { because: "userinfo-is-no-host" } as const;

/**
 * What Koa's own tests expect of requests (koajs/koa, __tests__/request/{host,hostname,href,ip,ips,protocol,subdomains,origin}.test.js; MIT, copyright 2019 Koa contributors).
 * Values, not code. Left out: userinfo in `:authority`, for which newer Nodes close the stream.
 */
export const VALUES: readonly KoaValue[] = [
  {
    from: "host: should return host with port",
    lines: [["Host", "foo.com:3000"]],
    property: "host",
    expected: "foo.com:3000",
  },
  { from: 'host: with no host present, should return ""', lines: [["Host", ""]], property: "host", expected: "" },
  {
    from: "host: HTTP/2, should use :authority header",
    lines: [
      [":authority", "foo.com:3000"],
      ["host", "bar.com:8000"],
    ],
    property: "host",
    expected: "foo.com:3000",
  },
  {
    from: "host: X-Forwarded-Host and proxy is not trusted, should be ignored on HTTP/1",
    lines: [
      ["X-Forwarded-Host", "bar.com"],
      ["Host", "foo.com"],
    ],
    property: "host",
    expected: "foo.com",
  },
  {
    from: "host: X-Forwarded-Host and proxy is not trusted, should be ignored on HTTP/2",
    lines: [
      ["x-forwarded-host", "proxy.com:8080"],
      [":authority", "foo.com:3000"],
      ["host", "bar.com:8000"],
    ],
    property: "host",
    expected: "foo.com:3000",
  },
  {
    from: "host: X-Forwarded-Host and proxy is trusted, should be used on HTTP/1",
    trust: true,
    lines: [
      ["X-Forwarded-Host", "bar.com, baz.com"],
      ["Host", "foo.com"],
    ],
    property: "host",
    expected: "bar.com",
    ours: { value: "baz.com", because: "farthest-believed-machine" },
  },
  {
    from: "host: X-Forwarded-Host and proxy is trusted, where each proxy also names who came",
    trust: true,
    lines: [
      ["X-Forwarded-For", "203.0.113.7, 192.0.2.1"],
      ["X-Forwarded-Host", "bar.com, baz.com"],
      ["Host", "foo.com"],
    ],
    property: "host",
    expected: "bar.com",
  },
  {
    from: "host: X-Forwarded-Host and proxy is trusted, should be used on HTTP/2",
    trust: true,
    lines: [
      ["x-forwarded-host", "proxy.com:8080"],
      [":authority", "foo.com:3000"],
      ["host", "bar.com:8000"],
    ],
    property: "host",
    expected: "proxy.com:8080",
  },
  {
    from: "host: should correctly parse host from userinfo@host format",
    lines: [["Host", "evil.com:fake@legitimate.com"]],
    property: "host",
    expected: "legitimate.com",
  },
  {
    from: "host: should correctly parse host from user@host format",
    lines: [["Host", "user@example.com"]],
    property: "host",
    expected: "example.com",
  },
  {
    from: "host: should correctly parse host with port from userinfo@host:port format",
    lines: [["Host", "user:pass@example.com:8080"]],
    property: "host",
    expected: "example.com:8080",
  },
  {
    from: "host: should correctly parse @ in X-Forwarded-Host when proxy is trusted",
    trust: true,
    lines: [
      ["X-Forwarded-Host", "evil.com:fake@legitimate.com"],
      ["Host", "foo.com"],
    ],
    property: "host",
    expected: "legitimate.com",
    ours: { value: "foo.com", ...userinfo },
  },
  {
    from: "host: should return empty string for invalid host with @",
    lines: [["Host", "user@"]],
    property: "host",
    expected: "",
  },
  {
    from: "hostname: should return hostname void of port",
    lines: [["Host", "foo.com:3000"]],
    property: "hostname",
    expected: "foo.com",
  },
  {
    from: 'hostname: with no host present, should return ""',
    lines: [["Host", ""]],
    property: "hostname",
    expected: "",
  },
  {
    from: "hostname: should parse localhost void of port",
    lines: [["Host", "[::1]"]],
    property: "hostname",
    expected: "[::1]",
  },
  {
    from: "hostname: should parse localhost with port 80",
    lines: [["Host", "[::1]:80"]],
    property: "hostname",
    expected: "[::1]",
  },
  {
    from: "hostname: should parse localhost with non-special schema port",
    lines: [["Host", "[::1]:1337"]],
    property: "hostname",
    expected: "[::1]",
  },
  {
    from: "hostname: should reduce IPv6 with non-special schema port as hostname",
    lines: [["Host", "[2001:cdba:0000:0000:0000:0000:3257:9652]:1337"]],
    property: "hostname",
    expected: "[2001:cdba::3257:9652]",
  },
  {
    from: "hostname: should return empty string when invalid",
    lines: [["Host", "[invalidIPv6]"]],
    property: "hostname",
    expected: "",
  },
  {
    from: "hostname: X-Forwarded-Host and proxy is not trusted, should be ignored",
    lines: [
      ["X-Forwarded-Host", "bar.com"],
      ["Host", "foo.com"],
    ],
    property: "hostname",
    expected: "foo.com",
  },
  {
    from: "hostname: X-Forwarded-Host and proxy is trusted, should be used",
    trust: true,
    lines: [
      ["X-Forwarded-Host", "bar.com, baz.com"],
      ["Host", "foo.com"],
    ],
    property: "hostname",
    expected: "bar.com",
    ours: { value: "baz.com", because: "farthest-believed-machine" },
  },
  {
    from: "href: should return the full request url",
    lines: [["Host", "localhost"]],
    property: "href",
    expected: "http://localhost/users/1?next=/dashboard",
  },
  {
    from: "origin: should return the origin of url",
    lines: [["Host", "localhost"]],
    property: "origin",
    expected: "http://localhost",
    versions: [2],
  },
  {
    from: "origin: the request's Origin header, or null",
    trust: true,
    lines: [
      ["Host", "localhost"],
      ["X-Forwarded-Proto", "https"],
      ["Origin", "https://other.example"],
    ],
    property: "origin",
    expected: "https://other.example",
    versions: [3],
  },
  {
    from: "ip: with req.ips present, should return req.ips[0]",
    trust: true,
    lines: [["X-Forwarded-For", "127.0.0.2"]],
    property: "ip",
    expected: "127.0.0.2",
  },
  {
    from: "ip: with no req.ips present, should return req.socket.remoteAddress",
    lines: [],
    property: "ip",
    expected: "127.0.0.1",
  },
  {
    from: "ips: proxy is not trusted, should be ignored",
    lines: [["X-Forwarded-For", "127.0.0.1,127.0.0.2"]],
    property: "ips",
    expected: [],
  },
  {
    from: "ips: proxy is trusted, should be used",
    trust: true,
    lines: [["X-Forwarded-For", "127.0.0.1,127.0.0.2"]],
    property: "ips",
    expected: ["127.0.0.1", "127.0.0.2"],
  },
  {
    from: "ips: options.maxIpsCount is present and proxy is trusted, should be used",
    trust: 1,
    lines: [["X-Forwarded-For", "127.0.0.1,127.0.0.2"]],
    property: "ips",
    expected: ["127.0.0.2"],
  },
  { from: 'protocol: when unencrypted, should return "http"', lines: [], property: "protocol", expected: "http" },
  {
    from: "protocol: X-Forwarded-Proto is set and proxy is trusted, should be used",
    trust: true,
    lines: [["X-Forwarded-Proto", "https, http"]],
    property: "protocol",
    expected: "https",
    ours: { value: "http", because: "farthest-believed-machine" },
  },
  {
    from: "protocol: X-Forwarded-Proto is set and proxy is trusted, where each proxy also names who came",
    trust: true,
    lines: [
      ["X-Forwarded-For", "203.0.113.7, 192.0.2.1"],
      ["X-Forwarded-Proto", "https, http"],
    ],
    property: "protocol",
    expected: "https",
  },
  {
    from: 'protocol: X-Forwarded-Proto is empty, should return "http"',
    trust: true,
    lines: [["X-Forwarded-Proto", ""]],
    property: "protocol",
    expected: "http",
  },
  {
    from: "protocol: proxy is not trusted, should not be used",
    lines: [["X-Forwarded-Proto", "https, http"]],
    property: "protocol",
    expected: "http",
  },
  {
    from: "subdomains: should return subdomain array",
    lines: [["Host", "tobi.ferrets.example.com"]],
    property: "subdomains",
    expected: ["ferrets", "tobi"],
  },
  { from: "subdomains: should work with no host present", lines: [["Host", ""]], property: "subdomains", expected: [] },
  {
    from: "subdomains: should check if the host is an ip address, even with a port",
    lines: [["Host", "127.0.0.1:3000"]],
    property: "subdomains",
    expected: [],
  },
];
