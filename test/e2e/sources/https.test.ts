import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { urlList } from "@wherefrom/sources";
import { expect, onTestFinished, test } from "vitest";
import { makeCertificate } from "../certificate.ts";
import { startDaemon } from "../daemon.ts";
import { freePort } from "../free-port.ts";
import { describeSuite } from "../requirement.ts";
import { believed, followed, trouble } from "./followed.ts";

interface Site {
  readonly url: (path: string) => string;
  readonly ca: string;
  readonly write: (path: string, text: string) => void;
  readonly remove: (path: string) => void;
  /** The lines of the access log, a status each. */
  readonly statuses: () => readonly string[];
}

/** A real nginx with TLS, which sends ETags and answers If-None-Match by itself. */
async function startSite(): Promise<Site> {
  const port = await freePort("127.0.0.1");
  const certificate = makeCertificate(["127.0.0.1"]);
  let root = "";
  const daemon = await startDaemon({
    name: "nginx",
    prepare: (directory) => {
      root = join(directory, "site");
      mkdirSync(root);
      writeFileSync(
        join(directory, "nginx.conf"),
        `daemon off; master_process off; pid nginx.pid; error_log stderr; events {}
        http {
          log_format status "$status"; access_log access.log status;
          client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
          server {
            listen 127.0.0.1:${port} ssl; ssl_certificate ${certificate.certificateFile}; ssl_certificate_key ${certificate.keyFile};
            root ${root};
            location = /moved { return 302 /list.txt; }
            location = /elsewhere { return 302 https://other.example/list.txt; }
            location = /plain { return 302 http://127.0.0.1:${port}/list.txt; }
            location = /loop { return 302 /loop; }
          }
        }`,
      );
      return ["nginx", "-p", directory, "-c", "nginx.conf"];
    },
    listens: [{ host: "127.0.0.1", port }],
  });
  onTestFinished(async () => {
    await daemon.stop();
    certificate.remove();
  });
  return {
    url: (path) => `https://127.0.0.1:${port}/${path}`,
    ca: certificate.text,
    write: (path, text) => writeFileSync(join(root, path), text),
    remove: (path) => rmSync(join(root, path)),
    statuses: () =>
      readFileSync(join(daemon.directory, "access.log"), "utf8")
        .split("\n")
        .filter((line) => /^\d{3}$/.test(line)),
  };
}

type Answer = (response: ServerResponse) => void;

/** A server that answers what nginx does not. */
async function startAnswers(answer: Answer): Promise<{ readonly url: string; readonly ca: string }> {
  const certificate = makeCertificate(["127.0.0.1"]);
  onTestFinished(certificate.remove);
  const options = { key: readFileSync(certificate.keyFile), cert: certificate.text };
  const server = createServer(options, (_request, response) => answer(response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/list.txt`, ca: certificate.text };
}

const EVERY = { everyMs: 200 };
const LIST = "104.16.0.0/13";
const GZIP = { "content-encoding": "gzip" };

describeSuite("sources", () => {
  test("a list is sent once, and asked for by its ETag then; a new one is believed", async () => {
    const site = await startSite();
    site.write("list.txt", "104.16.0.0/13");
    const source = followed(urlList(site.url("list.txt"), { ...EVERY, ca: site.ca }));
    await source.ready;
    await expect.poll(() => site.statuses()).toContain("304");
    expect(site.statuses().filter((status) => status === "200")).toHaveLength(1);
    site.write("list.txt", "104.24.0.0/14\n172.64.0.0/13");
    await expect.poll(() => believed(source)).toEqual(["104.24.0.0/14", "172.64.0.0/13"]);
  });

  test("whatever else is answered leaves the last good list in force", async () => {
    const site = await startSite();
    site.write("list.txt", "104.16.0.0/13\n");
    const source = followed(urlList(site.url("list.txt"), { ...EVERY, ca: site.ca }));
    await source.ready;
    const steps: readonly (readonly [() => void, RegExp])[] = [
      [() => site.write("list.txt", "<!DOCTYPE html><title>Log in</title>"), /page of HTML/],
      [() => site.remove("list.txt"), /answers 404/],
      [() => site.write("list.txt", "\n"), /no prefixes/],
      [() => site.write("list.txt", "104.16.0.0/13\n10.0.0.0/8\n"), /which is not of the internet/],
      [() => site.write("list.txt", "104.16.0.0/13\n203.0.113.0/24\n"), /for documentation/],
      [() => site.write("list.txt", "128.0.0.0/2\n"), /eighth of all/],
      [() => site.write("list.txt", "1".repeat(17_000_000)), /longer than 16777216 bytes/],
    ];
    for (const [change, reason] of steps) {
      change();
      await expect.poll(() => trouble(source)).toMatch(reason);
      expect(believed(source)).toEqual(["104.16.0.0/13"]);
    }
  });

  test.each<[string, Answer, RegExp]>([
    ["half a body", (response) => response.writeHead(200, { "content-length": 99 }).write(LIST), /ends before its end/],
    ["half a chunked body", (response) => response.write(LIST), /ends before its end/],
    [
      "a gzip that was not asked for",
      (response) => response.writeHead(200, GZIP).end(gzipSync(LIST)),
      /compressed \(gzip\)/,
    ],
    ["a bomb", (response) => response.writeHead(200, GZIP).end(gzipSync(Buffer.alloc(50_000_000))), /compressed/],
    ["500", (response) => response.writeHead(500).end(LIST), /answers 500/],
    ["304 where nothing is known", (response) => response.writeHead(304).end(), /answers 304/],
    ["204", (response) => response.writeHead(204).end(), /answers 204/],
    ["206", (response) => response.writeHead(206).end(LIST), /answers 206/],
    ["a redirect without a place", (response) => response.writeHead(302).end(), /answers 302/],
  ])("a server of node:https that answers %s", async (_title, answer, reason) => {
    const site = await startAnswers((response) => {
      answer(response);
      // What was not ended is cut.
      if (!response.writableEnded) setTimeout(() => response.destroy(), 50);
    });
    const source = followed(urlList(site.url, { ...EVERY, ca: site.ca }), 1500);
    await expect(source.ready).rejects.toThrow(reason);
  });

  test("a text with CRLF, a BOM, comments and repetitions is read", async () => {
    const site = await startAnswers((response) => response.end(`\uFEFF# ours\r\n${LIST}\r\n${LIST} # again`));
    const source = followed(urlList(site.url, { ca: site.ca }));
    await source.ready;
    expect(believed(source)).toEqual([LIST]);
  });

  test("a body that comes a byte at a time is no answer after 20 seconds", async () => {
    const site = await startAnswers((response) => {
      const drip = setInterval(() => response.write("1"), 200);
      response.on("close", () => clearInterval(drip));
    });
    const source = followed(urlList(site.url, { ca: site.ca }), 40_000);
    await expect.poll(() => trouble(source), { timeout: 50_000 }).toMatch(/no whole answer came within 20 s/);
    source.close();
    await expect(source.ready).rejects.toThrow(/was closed before it had a policy/);
  });

  test("what was refused stays refused when its ETag comes again", async () => {
    const site = await startSite();
    site.write("list.txt", "104.16.0.0/13\n");
    const source = followed(urlList(site.url("list.txt"), { everyMs: 50, ca: site.ca }));
    await source.ready;
    site.write("list.txt", "10.0.0.0/8\n");
    await expect.poll(() => source.status.lists["a"]?.failures ?? 0).toBeGreaterThan(2);
    expect(trouble(source)).toMatch(/not of the internet/);
  });

  test("a redirect of the same host is followed", async () => {
    const site = await startSite();
    site.write("list.txt", "104.16.0.0/13\n");
    const source = followed(urlList(site.url("moved"), { ca: site.ca }));
    await source.ready;
    expect(believed(source)).toEqual(["104.16.0.0/13"]);
  });

  test.each([
    ["elsewhere", /redirects to https:\/\/other\.example, and only/],
    ["plain", /redirects to http:\/\/127\.0\.0\.1/],
    ["loop", /has redirected 4 times/],
  ])("a redirect to %s is not", async (path, reason) => {
    const site = await startSite();
    const source = followed(urlList(site.url(path), { ca: site.ca }), 1000);
    await expect(source.ready).rejects.toThrow(reason);
  });

  test("a certificate that the system does not know is no answer", async () => {
    const site = await startSite();
    site.write("list.txt", "104.16.0.0/13\n");
    const source = followed(urlList(site.url("list.txt")), 1000);
    await expect(source.ready).rejects.toThrow(/self-signed certificate/);
  });
});
