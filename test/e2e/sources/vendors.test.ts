import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { makeCertificate } from "../certificate.ts";
import { describeSuite } from "../requirement.ts";

const run = promisify(execFile);

interface Seen {
  /** The prefixes, or why there are none. */
  readonly believed: readonly string[] | string;
  readonly asked: readonly string[];
}

const AZURE = "download.microsoft.com/download/7/1/D/71D86715/ServiceTags_Public_20261123.json";
const row = (prefix: object, service: string): object => ({ ...prefix, region: "GLOBAL", service });
const tag = (name: string, ...addressPrefixes: readonly string[]): object => ({
  name,
  id: name,
  properties: { changeNumber: 1, region: "", systemService: name.split(".")[0], addressPrefixes },
});

/** Answers in the shapes of the vendors' documentation (November 2026). No vendor's server was at hand. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  "www.cloudflare.com/ips-v4": "104.16.0.0/13\n172.64.0.0/13",
  "www.cloudflare.com/ips-v6": "2606:4700::/32\n",
  "api.cloudflare.com/client/v4/ips": {
    result: { ipv4_cidrs: ["104.16.0.0/13"], ipv6_cidrs: ["2606:4700::/32"], etag: "38f79d050aa027e3be3865e495dcc9bc" },
    success: true,
    errors: [],
    messages: [],
  },
  "ip-ranges.amazonaws.com/ip-ranges.json": {
    syncToken: "1796000000",
    createDate: "2026-11-30-00-00-00",
    prefixes: [
      row({ ip_prefix: "3.5.140.0/22" }, "AMAZON"),
      row({ ip_prefix: "130.176.0.0/17" }, "CLOUDFRONT_ORIGIN_FACING"),
      row({ ip_prefix: "3.5.140.0/22" }, "EC2"),
      row({ ip_prefix: "120.52.22.96/27" }, "CLOUDFRONT"),
    ],
    ipv6_prefixes: [
      row({ ipv6_prefix: "2600:9000:1000::/36" }, "CLOUDFRONT_ORIGIN_FACING"),
      row({ ipv6_prefix: "2a05:d07a:a000::/40" }, "EC2"),
    ],
  },
  "api.fastly.com/public-ip-list": { addresses: ["23.235.32.0/20"], ipv6_addresses: ["2a04:4e40::/32"] },
  "bunnycdn.com/api/system/edgeserverlist": ["89.187.188.227", "89.187.188.228"],
  "bunnycdn.com/api/system/edgeserverlist/IPv6": ["2400:52e0:1500::714:1"],
  "www.keycdn.com/shield-prefixes.json": { prefixes: ["195.181.164.0/24", "2a02:6ea0:c021::/48"] },
  "my.imperva.com/api/integration/v1/ips": {
    ipRanges: ["199.83.128.0/21"],
    ipv6Ranges: ["2a02:e980::/29"],
    res: 0,
    res_message: "OK",
    debug_info: { "id-info": "13007" },
  },
  [AZURE]: {
    changeNumber: 1,
    cloud: "Public",
    values: [
      tag("AzureCloud.westeurope", "4.175.0.0/16"),
      tag("AzureFrontDoor.Backend", "147.243.0.0/16", "2a01:111:2050::/44"),
      tag("AzureFrontDoor.Frontend", "13.107.208.0/24"),
    ],
  },
};

const BELIEVED: Readonly<Record<string, Seen>> = {
  cloudflare: {
    believed: ["104.16.0.0/13", "172.64.0.0/13", "2606:4700::/32"],
    asked: ["GET www.cloudflare.com/ips-v4", "GET www.cloudflare.com/ips-v6"],
  },
  "cloudflare-api": {
    believed: ["104.16.0.0/13", "2606:4700::/32"],
    asked: ["GET api.cloudflare.com/client/v4/ips"],
  },
  cloudfront: {
    believed: ["130.176.0.0/17", "2600:9000:1000::/36"],
    asked: ["GET ip-ranges.amazonaws.com/ip-ranges.json"],
  },
  fastly: { believed: ["23.235.32.0/20", "2a04:4e40::/32"], asked: ["GET api.fastly.com/public-ip-list"] },
  bunny: {
    believed: ["89.187.188.227/32", "89.187.188.228/32", "2400:52e0:1500::714:1/128"],
    asked: ["GET bunnycdn.com/api/system/edgeserverlist", "GET bunnycdn.com/api/system/edgeserverlist/IPv6"],
  },
  keycdn: {
    believed: ["195.181.164.0/24", "2a02:6ea0:c021::/48"],
    asked: ["GET www.keycdn.com/shield-prefixes.json"],
  },
  imperva: {
    believed: ["199.83.128.0/21", "2a02:e980::/29"],
    asked: ["POST my.imperva.com/api/integration/v1/ips resp_format=json"],
  },
  "azure-front-door": { believed: ["147.243.0.0/16", "2a01:111:2050::/44"], asked: [`GET ${AZURE}`] },
};

/** Follows every vendor's list in a network where this program is every vendor. */
async function follow(answers: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, Seen>>> {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-vendors-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const hosts = [...new Set(Object.keys(ANSWERS).map((place) => place.replace(/\/.*/, "")))];
  const certificate = makeCertificate(hosts);
  onTestFinished(certificate.remove);
  const file = join(directory, "vendors.json");
  writeFileSync(
    file,
    JSON.stringify({
      key: readFileSync(certificate.keyFile, "utf8"),
      cert: certificate.text,
      answers: Object.fromEntries(
        Object.entries(answers).map(([place, answer]) => [
          place,
          typeof answer === "string" ? answer : JSON.stringify(answer),
        ]),
      ),
      vendors: Object.keys(BELIEVED).map((name) => [
        name,
        name === "azure-front-door" ? { url: `https://${AZURE}` } : {},
      ]),
    }),
  );
  writeFileSync(join(directory, "hosts"), hosts.map((host) => `127.0.0.1 ${host}\n`).join(""));
  const script = `mount --bind ${directory}/hosts /etc/hosts && ip link set lo up && exec "$@"`;
  const program = [process.execPath, join(import.meta.dirname, "vendors.mjs"), file];
  const apart = ["--user", "--map-root-user", "--mount", "--net", "sh", "-c", script, "sh", ...program];
  const { stdout } = await run("unshare", apart);
  const seen = JSON.parse(stdout) as Readonly<Record<string, Seen>>;
  // Files of one list are asked for at once.
  const inOrder = ({ asked, ...others }: Seen): Seen => ({
    ...others,
    asked: asked.toSorted((one, other) => one.localeCompare(other)),
  });
  return Object.fromEntries(Object.entries(seen).map(([name, each]) => [name, inOrder(each)]));
}

describeSuite("sources", () => {
  test("each vendor's list is asked for where its documentation says, and read in its shape", async () => {
    expect(await follow(ANSWERS)).toEqual(BELIEVED);
  });

  test("of a list in two files neither is believed without the other", async () => {
    const seen = await follow({
      ...ANSWERS,
      "www.cloudflare.com/ips-v6": "",
      "bunnycdn.com/api/system/edgeserverlist/IPv6": [],
    });
    expect(seen["cloudflare"]?.believed).toMatch(/https:\/\/www\.cloudflare\.com\/ips-v6 has no prefixes/);
    expect(seen["bunny"]?.believed).toMatch(/edgeserverlist\/IPv6 has no prefixes/);
    expect(seen["fastly"]).toEqual(BELIEVED["fastly"]);
  });

  test("a row of AWS or a tag of Azure that is gone is no empty list", async () => {
    const seen = await follow({
      ...ANSWERS,
      "ip-ranges.amazonaws.com/ip-ranges.json": { prefixes: [row({ ip_prefix: "3.5.140.0/22" }, "EC2")] },
      [AZURE]: { values: [tag("AzureCloud", "4.175.0.0/16")] },
    });
    expect(seen["cloudfront"]?.believed).toMatch(/no rows of "CLOUDFRONT_ORIGIN_FACING"/);
    expect(seen["azure-front-door"]?.believed).toMatch(/no rows of "AzureFrontDoor\.Backend"/);
  });
});
