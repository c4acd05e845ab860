import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { policyText } from "@wherefrom/core";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { settingsFromFile, settingsFromText } from "./settings.ts";

const directory = mkdtempSync(join(tmpdir(), "wherefrom-settings-"));
afterAll(() => rmSync(directory, { recursive: true }));

const SECRET = "correct horse battery";

function fileOf(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

test("one file says lists, presets, secrets, own headers and the server's options", async () => {
  const edges = fileOf("edges.txt", "104.16.0.0/13\n");
  const proxies = fileOf("proxies.json", `["10.1.2.3"]`);
  const path = fileOf(
    "settings.json",
    JSON.stringify({
      $schema: "settings.schema.json",
      lists: { edges: { file: edges }, proxies: { file: proxies, within: ["private"] } },
      policy: {
        rules: [
          { preset: "cloudflare", ranges: "list:edges", with: { header: "x-origin-key", equals: [{ env: "KEY" }] } },
          { peers: ["list:proxies", "loopback"], says: { header: "x-edge-client", form: "list", skip: 1 } },
        ],
        infrastructure: ["10.9.0.0/16"],
      },
      server: { proxyProtocol: "off", notices: false },
    }),
  );
  const { source, server } = settingsFromFile(path, { env: { KEY: SECRET } });
  onTestFinished(() => source.close());
  await source.ready;
  expect(server).toEqual({ proxyProtocol: "off", notices: false });
  expect(JSON.parse(policyText(source))).toMatchObject({
    rules: [
      { name: "cloudflare", peers: ["104.16.0.0/13"], with: { header: "x-origin-key", equals: ["secret"] } },
      { peers: ["10.1.2.3/32", "loopback"], says: { header: "x-edge-client", form: "list", skip: 1 } },
    ],
    infrastructure: ["10.9.0.0/16"],
  });
  expect(policyText(source)).not.toContain(SECRET);
});

test("a secret in a file has no line end", async () => {
  const file = fileOf("secret", `${SECRET}\n`);
  const rule = { peers: ["10.0.0.0/8"], says: "x-real-ip", with: { header: "x-key", equals: { file } } };
  const { source } = settingsFromText(JSON.stringify({ policy: { rules: [rule] } }));
  onTestFinished(() => source.close());
  await source.ready;
  expect(source.current.demandedHeaders).toBe(1);
});

const policy = (written: unknown): string => JSON.stringify({ policy: written });

test.each<[string, string | undefined, RegExp]>([
  ["nothing", undefined, /write {"policy":{"trust":\[\]}}/],
  ["half a file", `{\n"policy": {`, /is not JSON/],
  ["no policy", "{}", /policy is missing/],
  ["a slip of the hand", `{"polcy":{}}`, /did you mean "policy"\?/],
  ["an empty policy", policy({}), /write { "trust": \[\] } to believe no machine/],
  ["trust: true", policy({ trust: true }), /write { "trust": \["10\.0\.0\.0\/24"\], "from"/],
  ["an open prefix", policy({ trust: ["0.0.0.0/0"], from: "x-real-ip" }), /"originIsPrivate": true/],
  [
    "a secret as it is",
    policy({ trust: ["10.0.0.0/8"], from: "x-real-ip", with: { header: "a", equals: SECRET } }),
    /write { "env": "ORIGIN_SECRET" }/,
  ],
  [
    "a variable that is not set",
    policy({ trust: ["10.0.0.0/8"], from: "x-real-ip", with: { header: "a", equals: { env: "NO_SUCH" } } }),
    /policy\.with\.equals: the variable "NO_SUCH" is not set/,
  ],
  [
    "a file that is not there",
    policy({ trust: ["10.0.0.0/8"], from: "x-real-ip", with: { header: "a", equals: { file: "/nowhere" } } }),
    /"\/nowhere" cannot be read \(ENOENT\)/,
  ],
  [
    "no such preset",
    policy({ rules: [{ preset: "cloudflair" }] }),
    /policy\.rules\[0\]\.preset: .*did you mean "cloudflare"\?/,
  ],
  ["no such list", policy({ trust: ["list:edge"], from: "x-real-ip" }), /policy\.trust\[0\]: there is no list "edge"/],
  ["a list of no kind", `{"lists":{"a":{"fiel":"/x"}},"policy":{"trust":[]}}`, /lists\.a: did you mean "file"\?/],
  [
    "a list of two kinds",
    `{"lists":{"a":{"file":"/x","dns":"y"}},"policy":{"trust":[]}}`,
    /"file" and "dns" are two lists/,
  ],
  [
    "a stray option",
    `{"lists":{"a":{"containerGateway":{},"everyMs":1}},"policy":{"trust":[]}}`,
    /"everyMs" stands inside of "containerGateway"/,
  ],
  ["an option of no server", `{"policy":{"trust":[]},"server":{"port":80}}`, /"server" has no key "port"/],
])("%s is refused, with what to write in JSON", (_title, text, refusal) => {
  const refuse = (): unknown => settingsFromText(text);
  expect(refuse).toThrow(refusal);
  expect(refuse).not.toThrow(SECRET);
});
