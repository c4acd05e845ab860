import { describe, expect, test } from "vitest";
import { detectFormat, LOG_FORMATS, readerFor } from "./formats.ts";

const SECOND = Date.parse("2026-12-01T00:56:43Z") / 1000;

/** Lines that the servers themselves wrote (nginx 1.22, Apache 2.4, lighttpd 1.4, Caddy 2.6, HAProxy 2.6), or that their makers' documentation shows. */
const SAMPLES: readonly (readonly [name: string, line: string, entry: Readonly<Record<string, unknown>>])[] = [
  [
    "combined",
    String.raw`127.0.0.1 - - [01/Dec/2026:00:56:43 +0000] "GET /a1?q=1 HTTP/1.1" 200 2 "-" "te\x22st \x5Cx1b" "203.0.113.66, 198.51.100.7"`,
    {
      second: SECOND,
      source: "127.0.0.1",
      method: "GET",
      path: "/a1?q=1",
      status: 200,
      bytes: 2,
      agent: String.raw`te\x22st \x5Cx1b`,
      forwarded: "203.0.113.66, 198.51.100.7",
    },
  ],
  [
    "combined",
    String.raw`x.example:80 127.0.0.1 - - [01/Dec/2026:01:56:43 +0100] "GET /a1 HTTP/1.1" 404 397 "-" "te\"st"`,
    { second: SECOND, source: "127.0.0.1", path: "/a1", status: 404, agent: String.raw`te\"st` },
  ],
  [
    "combined",
    `127.0.0.1 127.0.0.1:18082 - [01/Dec/2026:00:56:43 +0000] "GET /a1 HTTP/1.1" 404 341 "-" "curl"`,
    { second: SECOND, source: "127.0.0.1", agent: "curl" },
  ],
  [
    "combined",
    `2001:db8::7 - - [01/Dec/2026:00:56:43 +0000] "GET /a1 HTTP/1.1" 404 236`,
    { second: SECOND, source: "2001:db8::7", bytes: 236, agent: undefined },
  ],
  [
    "caddy",
    `{"level":"info","ts":1796086603.8174016,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"127.0.0.1","remote_port":"58620","proto":"HTTP/1.1","method":"GET","host":"127.0.0.1:18083","uri":"/a1?q=1","headers":{"User-Agent":["curl"],"X-Forwarded-For":["203.0.113.66, 198.51.100.7"]}},"size":2,"status":200}`,
    { second: SECOND, source: "127.0.0.1", path: "/a1?q=1", agent: "curl", forwarded: "203.0.113.66, 198.51.100.7" },
  ],
  [
    "haproxy",
    String.raw`Dec  1 00:56:43 lb haproxy[14389]: 127.0.0.1:56366 [01/Dec/2026:00:56:43.850] f b/s 0/0/0/0/0 200 124 - - ---- 1/1/0/0/0 0/0 {203.0.113.66, 198.51.100.7|te#22st} "GET /a1 HTTP/1.1"`,
    { second: SECOND, source: "127.0.0.1", path: "/a1", bytes: 124, forwarded: "203.0.113.66, 198.51.100.7" },
  ],
  [
    "nginx-json",
    `{"time_iso8601":"2026-12-01T00:56:43+00:00","remote_addr":"127.0.0.1","request_method":"GET","request_uri":"/a1","status":200,"body_bytes_sent":2,"http_user_agent":"curl","http_x_forwarded_for":""}`,
    { second: SECOND, source: "127.0.0.1", path: "/a1", forwarded: undefined },
  ],
  [
    "traefik",
    `{"ClientAddr":"203.0.113.7:4711","ClientHost":"203.0.113.7","DownstreamContentSize":5,"DownstreamStatus":200,"RequestMethod":"GET","RequestPath":"/a","StartUTC":"2026-12-01T00:56:43.5Z","level":"info","msg":"","time":"2026-12-01T00:56:44Z"}`,
    { second: SECOND, source: "203.0.113.7", path: "/a", bytes: 5 },
  ],
  [
    "cloudflare",
    `{"ClientIP":"203.0.113.7","ClientRequestMethod":"GET","ClientRequestURI":"/a?b","EdgeResponseBytes":9,"EdgeResponseStatus":200,"EdgeStartTimestamp":1796086603000000000,"ClientCountry":"de","ClientASN":64500}`,
    { second: SECOND, source: "203.0.113.7", country: "DE", asn: 64500, bytes: 9 },
  ],
  [
    "ecs",
    `{"@timestamp":"2026-12-01T00:56:43.000Z","agent":{"type":"filebeat"},"ecs":{"version":"8.0.0"},"source":{"address":"203.0.113.7","ip":"203.0.113.7"},"url":{"original":"/a"},"http":{"request":{"method":"GET"},"response":{"status_code":200,"body":{"bytes":7}}},"user_agent":{"original":"curl"}}`,
    { second: SECOND, source: "203.0.113.7", path: "/a", status: 200, bytes: 7, agent: "curl" },
  ],
  [
    "alb",
    `https 2026-12-01T00:56:43.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/a?b HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2`,
    { second: SECOND, source: "192.168.131.39", path: "/a?b", status: 200, bytes: 57, agent: "curl/7.46.0" },
  ],
  [
    "nlb",
    `tls 2.0 2026-12-01T00:56:43 net/my-network-loadbalancer/c6e77e28c25b2234 g3d4b5e8bb8464cd 72.21.218.154:51341 172.100.100.185:443 5 2 98 246 - arn:aws:acm:us-east-2:671290407336:certificate/2a108f19 - ECDHE tlsv12 - my.example - - - 2026-12-01T00:56:42`,
    { second: SECOND, source: "72.21.218.154", bytes: 246 },
  ],
  [
    "cloudfront",
    "2026-12-01\t00:56:43\tLAX1\t2390282\t192.0.2.202\tGET\td1.cloudfront.net\t/index.html\t200\twww.example.com\tMozilla/4.0%20(x)\t-",
    { second: SECOND, source: "192.0.2.202", path: "/index.html", bytes: 2390282, agent: "Mozilla/4.0 (x)" },
  ],
  [
    "squid",
    "1796086603.123     12 10.0.0.7 TCP_MISS/200 512 GET http://example.org/a - HIER_DIRECT/192.0.2.1 text/html",
    { second: SECOND, source: "10.0.0.7", method: "GET", path: "/a", status: 200, bytes: 512 },
  ],
  [
    "wherefrom",
    `{"@timestamp":"2026-12-01T00:56:43.000Z","event":{"action":"client.resolved"},"source":{"address":"10.0.0.9"},"wherefrom":{"key":"peer 10.0.0.9"}}`,
    { second: SECOND, source: "10.0.0.9", isProven: false, action: "client.resolved" },
  ],
];

describe("a format", () => {
  test.each(SAMPLES)("%s is detected by its content: %s", (name, line, entry) => {
    const detected = detectFormat([line], 1);
    expect(detected?.name).toBe(name);
    expect(detected?.read(line)).toMatchObject(entry);
  });

  test.each([
    "",
    "garbage",
    "{",
    "[1]",
    '{"@timestamp":"never"}',
    '1.2.3.4 - - [99/Foo/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 1',
  ])("of %j is none", (line) => {
    expect(detectFormat([line], 1)).toBeUndefined();
  });

  test("of every name has a reader", () => {
    for (const name of LOG_FORMATS.filter((each) => each !== "auto"))
      expect(readerFor(name, undefined, 1)).toBeTypeOf("function");
  });

  test("of goaccess is one of its names or a pattern, and reads what combined reads", () => {
    const line = `203.0.113.7 - - [01/Dec/2026:00:56:43 +0000] "GET /a HTTP/1.1" 200 2 "-" "a \\"b\\" c"`;
    for (const format of ["COMBINED", '%h %^[%d:%t %^] "%r" %s %b "%R" "%u"', '%h %^ %e [%x] "%r" %s %b "%R" "%u"']) {
      const read = readerFor("auto", format, 1);
      expect(typeof read === "function" && read(line)).toMatchObject({
        second: SECOND,
        source: "203.0.113.7",
        method: "GET",
        path: "/a",
        status: 200,
        agent: 'a \\"b\\" c',
      });
    }
  });

  test("of a request line that is none has neither method nor path", () => {
    const line = String.raw`203.0.113.7 - - [01/Dec/2026:00:56:43 +0000] "\x16\x03\x01" 400 150 "-" "-"`;
    expect(detectFormat([line], 1)?.read(line)).toMatchObject({ status: 400, bytes: 150 });
    expect(detectFormat([line], 1)?.read(line)).not.toHaveProperty("path");
  });
});
