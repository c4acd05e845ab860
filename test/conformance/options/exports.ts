import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { BlockList } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import * as audit from "@wherefrom/audit";
import * as geo from "@wherefrom/audit/geo";
import * as core from "@wherefrom/core";
import { createPeerMemory } from "@wherefrom/core/internal";
import * as presets from "@wherefrom/core/presets";
import * as wire from "@wherefrom/core/wire";
import * as dgram from "@wherefrom/dgram";
import * as doctor from "@wherefrom/doctor";
import * as express from "@wherefrom/express";
import * as fastify from "@wherefrom/fastify";
import * as koa from "@wherefrom/koa";
import * as net from "@wherefrom/net";
import * as sources from "@wherefrom/sources";
import { type Exports, option, type OptionRow, type Subject, type Taker } from "./subject.ts";

/** Files that calls make. */
const DIRECTORY = mkdtempSync(join(tmpdir(), "wherefrom-options-"));

const NETWORKS_FILE = join(DIRECTORY, "networks.txt");
writeFileSync(NETWORKS_FILE, "hosting AS64500\nvpn 203.0.113.0/24 # a comment\n");

export function removeFiles(): void {
  rmSync(DIRECTORY, { recursive: true, force: true });
}

const resolution = core.resolve(
  {
    connection: {
      transport: "tcp",
      peer: "192.0.2.1",
      peerPort: 1,
      claims: [],
      certificate: undefined,
      memory: createPeerMemory(),
    },
  },
  core.compilePolicy({ trust: [] }),
);
const record: audit.AuditRecord = audit.recordOf({
  name: "client.resolved",
  time: new Date(0),
  resolution,
  transport: "tcp",
});
const policy = core.compilePolicy({
  rules: [
    { peers: ["192.0.2.0/24"], says: "toa" },
    { peers: ["198.51.100.0/24"], says: "proxy-protocol" },
  ],
});

const datagrams = core.compilePolicy({
  rules: [
    { peers: ["192.0.2.0/24"], says: "spp" },
    { peers: ["198.51.100.0/24"], says: "proxy-protocol" },
  ],
});

const sink = (): audit.Sink => new audit.Sink("nowhere", () => ({ deliver: () => Promise.resolve(undefined) }));
const callback = (): OptionRow => option(() => "x", "function");
const text = (): OptionRow => option("x", "text", "");
const anyText = (): OptionRow => option("x", "text");
const flag = (): OptionRow => option(true, "flag");
const number = (right: number, ...wrong: readonly unknown[]): OptionRow => option(right, "number", "1", ...wrong);
const whole = (right: number, ...wrong: readonly unknown[]): OptionRow => number(right, right + 0.5, ...wrong);
const timer = (right = 1000): OptionRow => number(right, 2 ** 31);
const texts = (right: readonly string[] = ["x"]): OptionRow => option(right, "list", [1], [null], [undefined], [""]);
const takes = (options: Subject): Taker => ({ subjects: { options } });

const SINK = {
  queueLimitBytes: whole(1024, 0),
  lingerMs: timer(),
  retryMs: timer(),
  hangMs: timer(),
  onTrouble: callback(),
  format: callback(),
};
const NORMALIZE = option(true, ["flag", "object"], { kepe: [] }, { remove: ["host"] });
const headers = (right: string): OptionRow => option([right], "list", ["X-A"], [""], [1], ["host:"]);
const NORMALIZE_OPTIONS = { remove: headers("x-a"), keep: headers("x-b"), write: headers("x-c") };
const middleware = (wherefrom: (policy: core.Policy, options: never) => unknown): Subject => ({
  call: (options) => void wherefrom(policy, options),
  options: { normalize: NORMALIZE },
});
const FETCH = { everyMs: timer(), staleMs: timer(), most: whole(1, 0), ca: text() };
const KUBERNETES = {
  within: option(["private"], "list", [1]),
  everyMs: timer(),
  staleMs: timer(),
  most: whole(1, 0),
  config: option({ makeApiClient: () => ({}) }, "object", {}),
};
const EVENTS = option(["client.resolved"], "list", ["client.reslved"], [1]);
const PRIVACY = option("truncated", ["text", "function"], "truncate", "Full", "");

const PEERS = texts(["192.0.2.0/24"]);
const ORIGIN = option(["x-forwarded-proto"], "list");
const RANGES = option(
  { source: "edges", asOf: "2026-11-01", prefixes: ["192.0.2.0/24"] },
  "object",
  { source: "x" },
  { sorce: "x" },
  {
    source: "edges",
    asOf: "2026-11-01",
    prefixes: "192.0.2.0/24",
  },
);

const own = (preset: (options: presets.OwnProxyOptions) => unknown, more: Record<string, OptionRow> = {}): Taker =>
  takes({ call: preset, options: { peers: PEERS, origin: ORIGIN, ...more }, needs: ["peers"] });
const shared = (preset: (options: never) => unknown): Taker =>
  takes({
    call: preset,
    options: {
      ranges: RANGES,
      with: option({ header: "x-secret", equals: "correct horse" }, "object"),
      originIsPrivate: flag(),
      origin: ORIGIN,
    },
    needs: ["ranges"],
    beside: ["originIsPrivate"],
  });
const hardened = (preset: (options: never) => unknown): Taker => {
  const { options, ...rest } = shared(preset).subjects!["options"]!;
  return takes({
    ...rest,
    options: { ...options, clientHeaderIsOverwritten: flag() },
    needs: ["ranges", "originIsPrivate", "clientHeaderIsOverwritten"],
  });
};

const tunnel = (preset: (options: presets.TunnelOptions) => unknown): Taker =>
  takes({ call: preset, options: { peers: PEERS, origin: ORIGIN } });
const router = (preset: (options: presets.RouterOptions) => unknown): Taker =>
  own(preset as (options: presets.OwnProxyOptions) => unknown, {
    says: option("x-forwarded-for", "text", "x-forwarded-fro", ""),
  });

const ENDPOINT = { address: "192.0.2.1", port: 1 };
const HEADER = {
  source: option(
    ENDPOINT,
    "object",
    { adress: "192.0.2.1" },
    { ...ENDPOINT, port: "1" },
    { ...ENDPOINT, port: 65_536 },
  ),
  destination: option(ENDPOINT, "object", { adress: "192.0.2.1" }, { ...ENDPOINT, port: -1 }),
};
const HEADER_V2 = {
  ...HEADER,
  transport: option("datagram", "text", "udp"),
  tlvs: option(
    [{ type: 1, value: new Uint8Array(1) }],
    "list",
    [{ type: 1 }],
    [{ type: 1, value: "x" }],
    [{ tpye: 1 }],
  ),
  checksum: flag(),
};
const SENT_HEADER = {
  version: whole(1, 0, 3),
  source: HEADER_V2.source,
  destination: HEADER_V2.destination,
  tlvs: HEADER_V2.tlvs,
  checksum: HEADER_V2.checksum,
};
const PLAIN_CLIENT = { call: () => Promise.resolve() };

const GUARD = {
  locate: callback(),
  limit: whole(10, 0),
  now: option(() => 1, "function"),
  travelKm: number(500),
  travelKmPerHour: number(800),
  assumedRadiusKm: number(50),
  learningLogins: whole(5),
  cooldownMs: whole(1000),
  sharedUsers: whole(10, 0),
  sharedFailureShare: number(0.3),
  sharedWindowMs: whole(1000, 0),
  sourceFailures: whole(20, 0),
  userFailures: whole(30, 0),
  failuresBefore: whole(10, 0),
  knownEgress: option([64_500, "203.0.113.0/24"], "list", [null], [-1]),
  networks: option(NETWORKS_FILE, "text", ""),
  onTrouble: callback(),
};
const WINDOW = {
  windowMs: whole(1000, 5),
  capacity: whole(64, 15),
  locate: callback(),
  now: option(() => 1, "function"),
};
const SURGE = {
  factor: number(5, 1, Infinity),
  leastPerSecond: number(20, 0, Infinity),
  stepMs: timer(),
  baselinePerSecond: number(10, 0, Infinity),
  adoptAfterMs: timer(),
};

const observable = () => ({ addCallback() {}, removeCallback() {} });

const READS = "reads what came over the wire, or asks about it";
const WRITES = "writes a record";
/** A call in which every text that is not empty is right. */
const noText =
  (call: (value: never) => unknown) =>
  (value: unknown): unknown =>
    call((typeof value === "string" ? "" : value) as never);
const POLICY = "takes policies, whose options are compilePolicy's";

/** Every entry of every package, with all that it exports. A name that is missing here fails the test: what it takes must be looked at. */
export const PACKAGES: Readonly<Record<string, readonly [module: object, exports: Exports]>> = {
  "@wherefrom/core": [
    core,
    {
      WherefromError: "an error",
      anonymize: { values: { how: (how) => core.anonymize("192.0.2.1", how) } },
      clientAddress: POLICY,
      compilePolicy: "has a test of its own for every option: packages/core/src/policy/policy.test.ts",
      covers: "compares prefixes",
      formatEndpoint: WRITES,
      formatPrefix: WRITES,
      formatResolution: WRITES,
      parseAddress: READS,
      parseEndpoint: READS,
      parsePrefix: READS,
      policyText: { values: { policy: core.policyText } },
      policyFromEnv: "takes a text, each of whose words is looked at: packages/core/src/policy/from-env.test.ts",
      rateLimitKey: takes({
        call: (options) => core.rateLimitKey(resolution, options),
        options: { ipv6PrefixLength: whole(56, 0, 129) },
      }),
      resolve: POLICY,
      trustFunction: POLICY,
    },
  ],
  "@wherefrom/core/presets": [
    presets,
    {
      apache: own(presets.apache),
      awsClassicElb: own(presets.awsClassicElb),
      appEngine: own(presets.appEngine),
      azureAppService: own(presets.azureAppService),
      caddy: own(presets.caddy),
      digitalOceanApp: own(presets.digitalOceanApp),
      digitalOceanLoadBalancer: own(presets.digitalOceanLoadBalancer),
      dockerCompose: own(presets.dockerCompose),
      fabio: own(presets.fabio),
      h2o: own(presets.h2o),
      heroku: own(presets.heroku),
      http2Proxy: own(presets.http2Proxy),
      httpProxy: own(presets.httpProxy),
      lighttpd: own(presets.lighttpd),
      nghttpx: own(presets.nghttpx),
      openshiftRouter: own(presets.openshiftRouter),
      railway: own(presets.railway),
      squid: own(presets.squid),
      trafficServer: own(presets.trafficServer),
      varnish: own(presets.varnish),
      vercel: own(presets.vercel),
      awsLambdaUrl: tunnel(presets.awsLambdaUrl),
      cloudflareTunnel: tunnel(presets.cloudflareTunnel),
      ngrok: tunnel(presets.ngrok),
      tailscale: tunnel(presets.tailscale),
      flyIo: router(presets.flyIo),
      render: router(presets.render),
      imperva: shared(presets.imperva),
      sucuri: shared(presets.sucuri),
      bunny: hardened(presets.bunny),
      gcore: hardened(presets.gcore),
      keycdn: hardened(presets.keycdn),
      awsRestApi: own(presets.awsRestApi, { endpoint: option("edge", "text", "egde", "") }),
      cloudRun: own(presets.cloudRun, { behind: option("load-balancer", "text", "lb", "") }),
      netlify: takes({
        call: presets.netlify,
        options: {
          with: option({ header: "x-secret", equals: "correct horse" }, "object"),
          peers: PEERS,
          origin: ORIGIN,
        },
        needs: ["with"],
      }),
      akamai: hardened(presets.akamai),
      alibabaCdn: shared(presets.alibabaCdn),
      alibabaSlb: own(presets.alibabaSlb),
      awsAlb: own(presets.awsAlb),
      awsHttpApi: own(presets.awsHttpApi),
      azureAppGateway: own(presets.azureAppGateway),
      azureFrontDoor: takes({
        call: presets.azureFrontDoor,
        options: { ranges: RANGES, frontDoorId: option("a0a0a0a0-bbbb-cccc-dddd-e1e1e1e1e1e1", "text", "mine", "") },
        needs: ["ranges", "frontDoorId"],
      }),
      cloudflare: shared(presets.cloudflare),
      cloudfront: shared(presets.cloudfront),
      cloudfrontForwardedFor: shared(presets.cloudfrontForwardedFor),
      envoy: own(presets.envoy),
      envoyExternalAddress: own(presets.envoyExternalAddress),
      fastly: hardened(presets.fastly),
      googleLoadBalancer: takes({ call: presets.googleLoadBalancer, options: { peers: PEERS } }),
      haproxy: own(presets.haproxy),
      ingressNginx: own(presets.ingressNginx, { says: option("x-forwarded-for", "text", "x-forwarded-fro") }),
      nginx: own(presets.nginx),
      parseRangeTable: {
        ...takes({
          call: (options) =>
            presets.parseRangeTable('{"prefixes":[{"ip_prefix":"192.0.2.0/24","service":"x"}]}', options),
          options: { source: text(), asOf: option("2026-11-01", "text", "November", ""), service: text() },
          needs: ["source", "asOf"],
        }),
        values: {
          file: (file) =>
            presets.parseRangeTable(typeof file === "string" ? (5 as never) : file, {
              source: "x",
              asOf: "2026-11-01",
            }),
        },
      },
      tencentClb: own(presets.tencentClb),
      tencentEdgeOne: shared(presets.tencentEdgeOne),
      traefik: own(presets.traefik),
    },
  ],
  "@wherefrom/core/wire": [
    wire,
    {
      compileToaProduct: takes({
        call: wire.compileToaProduct,
        options: {
          kind: whole(254, 8, 256),
          length: whole(8, 7),
          layout: option("port-ipv4", "text", "ipv4-port", "vpc"),
          packets: option(["ack"], "list", ["akc"], [1]),
          position: option("any", "text", "last"),
          strips: flag(),
        },
        needs: ["kind", "length", "layout", "packets"],
      }),
      compileUdpProduct: "has a test of its own for every option: packages/core/src/wire/udp/option.test.ts",
      encodeProxyV1: takes({ call: wire.encodeProxyV1, options: HEADER, beside: ["source", "destination"] }),
      encodeProxyV2: takes({ call: wire.encodeProxyV2, options: HEADER_V2, beside: ["source", "destination"] }),
      parseSpp: READS,
      parseTcpPacket: READS,
      parseToaLookup: READS,
      parseToaOptions: READS,
      parseToaRecord: READS,
      parseUdpOptions: READS,
      isUoaAnswer: READS,
      parseUoaLookup: READS,
      readProxyDatagram: READS,
      readProxyDetails: READS,
      readProxyHeaders: takes({
        call: (options) => wire.readProxyHeaders(Buffer.from("PROXY UNKNOWN\r\n"), options),
        options: { limitBytes: whole(200, 0), headers: whole(2, 0) },
      }),
      tcpSource: READS,
      writeUoaLookup: "writes a question to a kernel module",
    },
  ],
  "@wherefrom/net": [
    net,
    {
      ProxyProtocolAgent: {
        subjects: {
          options: {
            call: (options) => new net.ProxyProtocolAgent(options),
            options: { header: option({}, ["object", "function"], { sorce: ENDPOINT }, { version: 3 }) },
            needs: ["header"],
            isOpen: true,
          },
          header: {
            call: (header) =>
              new net.ProxyProtocolAgent({ header: typeof header === "function" ? (null as never) : header }),
            options: SENT_HEADER,
            beside: ["source", "destination"],
          },
        },
      },
      ProxyProtocolHttpsAgent: {
        subjects: {
          options: {
            call: (options) => new net.ProxyProtocolHttpsAgent(options),
            options: { header: option({}, ["object", "function"], { sorce: ENDPOINT }, { version: 3 }) },
            needs: ["header"],
            isOpen: true,
          },
          header: {
            call: (header) =>
              new net.ProxyProtocolHttpsAgent({ header: typeof header === "function" ? (null as never) : header }),
            options: SENT_HEADER,
            beside: ["source", "destination"],
          },
        },
      },
      addClaim: "for collectors: takes a claim, which is data",
      answerFrom: "for adapters: takes no options",
      answerOf: READS,
      attach: POLICY,
      attachToaPrograms: {
        subjects: {
          options: {
            call: (options) => net.attachToaPrograms("/nowhere/at/all", options),
            options: {
              handshakeOnly: flag(),
              pinPath: text(),
              standIn: option(
                { product: "lvs", trust: [] },
                "object",
                { product: "lvs" },
                { prodct: "lvs", trust: [] },
                { product: "lvs", trust: ["192.0.2.0/24"] },
              ),
            },
          },
        },
      },
      connectWithProxyHeader: {
        subjects: {
          header: {
            call: (header) => net.connectWithProxyHeader({ path: "/nowhere/at/all" }, header).on("error", () => {}),
            options: SENT_HEADER,
            beside: ["source", "destination"],
          },
        },
        values: {
          options: (options) =>
            net.connectWithProxyHeader(
              Array.isArray(options) || typeof options !== "object" ? options : (null as never),
              {},
            ),
        },
      },
      connectionOf: READS,
      defineAnswers: "for adapters: takes no options",
      farthestAnswer: READS,
      forwardHeaders: POLICY,
      getClient: POLICY,
      getClientIp: POLICY,
      believedHostOf: READS,
      hostOf: READS,
      hostnameOf: READS,
      ipOf: READS,
      ipsOf: READS,
      isToaWatched: "takes a server",
      keptResolution: READS,
      nativeStatus: "takes nothing",
      operatorNotices: "takes nothing",
      protocolOf: READS,
      proxyStatus: "takes a server",
      toaStatus: "takes a server",
      wherefrom: {
        subjects: {
          options: {
            call: (options) => net.wherefrom(createServer(), policy, options),
            options: {
              toa: option("lvs", ["text", "object"], "lsv", {}),
              proxyProtocol: option("required", ["text", "object"], "requierd"),
              notices: flag(),
              normalize: NORMALIZE,
            },
          },
          normalize: {
            // True and false are right.
            call: (normalize) => {
              const options = typeof normalize === "boolean" ? (null as never) : normalize;
              net.wherefrom(createServer(), policy, { normalize: options });
            },
            options: NORMALIZE_OPTIONS,
          },
          proxyProtocol: {
            call: (proxyProtocol) => net.wherefrom(createServer(), policy, { proxyProtocol }),
            options: {
              optionalFrom: texts(["192.0.2.0/24"]),
              offFrom: texts(["192.0.2.0/24"]),
              timeoutMs: whole(1000, 0, 2 ** 31),
              limitBytes: whole(4096, 107, 65_552),
              headers: whole(2, 0, 9),
              namesPeer: flag(),
            },
          },
          toa: {
            call: (toa) => net.wherefrom(createServer(), policy, { toa }),
            options: {
              product: option("lvs", ["text", "object"], "lsv", {}),
              reader: option("saved-syn", "text", "saved-sin"),
            },
            needs: ["product"],
          },
        },
        values: {
          server: (server) => net.wherefrom(server, policy),
          policy: (given) => net.wherefrom(createServer(), given),
        },
      },
    },
  ],
  "@wherefrom/dgram": [
    dgram,
    {
      convertProtocol248: "takes no options",
      createSocket: {
        subjects: {
          options: {
            // A type alone is a text.
            call: (options) => dgram.createSocket(typeof options === "string" ? (null as never) : options, datagrams),
            options: {
              type: option("udp4", "text", "udp5", ""),
              udp: option("spp", ["text", "object"], "ssp", {}),
              notices: flag(),
              reuseAddr: flag(),
              reusePort: flag(),
              ipv6Only: flag(),
              recvBufferSize: whole(4096),
              sendBufferSize: whole(4096),
              lookup: callback(),
              signal: option(new AbortController().signal, "object", {}),
              receiveBlockList: option(new BlockList(), "object", {}),
              sendBlockList: option(new BlockList(), "object", {}),
            },
            needs: ["type"],
          },
          udp: {
            call: (udp) => dgram.createSocket({ type: "udp4", udp }, datagrams),
            options: {
              format: option("proxy-v2", ["text", "object"], "proxy-v3", {}),
              sends: option("first-of-flow", "text", "first-of-flows"),
              required: flag(),
              flowLimit: whole(10, 3),
              flowIdleMs: whole(1000, 0, 2 ** 31),
            },
            needs: ["format"],
          },
        },
        values: {
          policy: (given) => dgram.createSocket("udp4", given),
          listener: (listener) => dgram.createSocket("udp4", datagrams, listener ?? (null as never)),
        },
      },
      getClient: READS,
      getClientIp: READS,
      udpStatus: "takes a socket",
    },
  ],
  "@wherefrom/express": [
    express,
    {
      getClient: POLICY,
      getClientIp: POLICY,
      wherefrom: {
        subjects: { options: middleware(express.wherefrom) },
        values: { policy: (given: never) => express.wherefrom(given) },
      },
    },
  ],
  "@wherefrom/fastify": [
    fastify,
    {
      getClient: POLICY,
      getClientIp: POLICY,
      trustProxy: POLICY,
      wherefrom: {
        subjects: { options: middleware(fastify.wherefrom) },
        values: { policy: (given: never) => fastify.wherefrom(given) },
      },
    },
  ],
  "@wherefrom/koa": [
    koa,
    {
      getClient: POLICY,
      getClientIp: POLICY,
      wherefrom: {
        subjects: { options: middleware(koa.wherefrom) },
        values: { policy: (given: never) => koa.wherefrom(given) },
      },
    },
  ],
  "@wherefrom/sources": [
    sources,
    {
      containerGateway: takes({
        call: sources.containerGateway,
        options: { routes: text(), routes6: text(), everyMs: timer() },
      }),
      dnsList: {
        ...takes({
          call: (options) => sources.dnsList("a.test", options),
          options: {
            within: option(["private"], "list", [1]),
            servers: option(["127.0.0.1"], "list", [1]),
            staleMs: timer(),
            most: whole(1, 0),
          },
        }),
        // Each text may be a name.
        values: { name: noText(sources.dnsList) },
      },
      fileList: {
        ...takes({
          call: (options) => sources.fileList("/x", options),
          options: {
            format: option("csv", "text", "xml"),
            service: option("CLOUDFRONT_ORIGIN_FACING", "text", "EC2", ""),
            within: option(["private"], "list", [1]),
            everyMs: timer(),
            staleMs: timer(),
            most: whole(1, 0),
          },
        }),
        values: { path: noText(sources.fileList) },
      },
      followPolicy: takes({
        call: (options) => sources.followPolicy(options as never).close(),
        options: { lists: option({}, "object", { a: 1 }), policy: callback(), startMs: timer() },
        needs: ["lists", "policy"],
      }),
      kubernetesNodes: takes({ call: sources.kubernetesNodes, options: KUBERNETES }),
      kubernetesPods: takes({
        // Either a service or a selector.
        call: (options: { readonly service: string; readonly selector?: string } | undefined) => {
          if (options?.selector === undefined) return sources.kubernetesPods(options as never);
          const { service: _, ...others } = options;
          return sources.kubernetesPods(others as never);
        },
        options: { ...KUBERNETES, namespace: text(), service: text(), selector: text() },
        needs: ["namespace", "service"],
      }),
      settingsFromFile: { values: { path: sources.settingsFromFile } },
      settingsFromText: { values: { content: sources.settingsFromText } },
      urlList: {
        ...takes({
          call: (options) => sources.urlList("https://a.test/list.txt", options),
          options: {
            ...FETCH,
            format: option("csv", "text", "xml"),
            service: option("CLOUDFRONT_ORIGIN_FACING", "text", "EC2", ""),
            within: option(["private"], "list", [1]),
          },
        }),
        values: { url: sources.urlList },
      },
      vendorList: {
        ...takes({
          // Of one vendor alone the URL is not known.
          call: (options: { readonly url?: string } | undefined) =>
            sources.vendorList(options?.url === undefined ? "google-front-ends" : "azure-front-door", options as never),
          options: {
            ...FETCH,
            url: option("https://a.test/tags.json", "text", "http://a.test/"),
            servers: option(["127.0.0.1"], "list", [1]),
          },
        }),
        values: { name: sources.vendorList },
      },
    },
  ],
  "@wherefrom/doctor": [
    doctor,
    {
      doctor: takes({
        call: (options) => doctor.doctor(options).close(),
        options: {
          token: option("0123456789abcdef", "text", "0123456789abcde", ""),
          arm: option("15m", "text", "15", "1d", ""),
          socket: option(join(DIRECTORY, "doctor.sock"), "text", `/${"x".repeat(96)}`, ""),
          policy: option(policy, "object"),
        },
      }),
      listen: takes({
        call: doctor.listen,
        options: {
          token: option("0123456789abcdef", "text", "0123456789abcde", ""),
          port: whole(0, 65_536),
          host: option("127.0.0.1", "text", ""),
          socket: option(join(DIRECTORY, "listen.sock"), "text", `/${"x".repeat(96)}`, ""),
        },
        needs: ["token", "port"],
      }),
    },
  ],
  "@wherefrom/audit": [
    audit,
    {
      LineSink: {
        ...takes({ call: (options) => new audit.LineSink("x", () => process.stdout, options), options: SINK }),
        values: {
          name: (name) => new audit.LineSink(typeof name === "string" ? (5 as never) : name, () => process.stdout),
          open: (open) => new audit.LineSink("x", open),
        },
      },
      LoginGuard: takes({ call: (options) => new audit.LoginGuard(options), options: GUARD, needs: ["locate"] }),
      SharedLoginGuard: takes({
        call: (options) => new audit.SharedLoginGuard(options),
        options: {
          ...GUARD,
          redis: option(PLAIN_CLIENT, "object", {}, { call: 1 }),
          keyPrefix: anyText(),
          timeoutMs: timer(),
          retryMs: timer(),
          keptMs: whole(1000, 0),
        },
        needs: ["locate", "redis"],
      }),
      Sink: {
        ...takes({
          call: (options) => new audit.Sink("x", () => ({ deliver: () => Promise.resolve(undefined) }), options),
          options: SINK,
        }),
        values: { open: (open) => new audit.Sink("x", open) },
      },
      auditConfig: takes({
        call: audit.auditConfig,
        options: { floodRequests: whole(10, 0), floodWindowMs: timer() },
      }),
      auditConnections: { values: { server: audit.auditConnections } },
      auditDatagrams: {
        ...takes({
          call: (options) => audit.auditDatagrams({ on() {}, off() {}, address: () => ENDPOINT }, options),
          options: { sample: number(0.5, 1.5) },
        }),
        values: { socket: audit.auditDatagrams },
      },
      auditHttp: takes({
        call: audit.auditHttp,
        options: {
          sample: number(0.5, 1.5),
          headers: option(["x-forwarded-for"], "list", ["authorization"], ["x y"], [1], [""]),
        },
      }),
      auditResolution: "takes what one event is about, which is data: what is wrong with it must end no request",
      auditTo: {
        ...takes({
          call: (options) => audit.auditTo(sink(), options),
          options: { events: EVENTS, privacy: PRIVACY, locate: callback(), format: callback() },
        }),
        values: { sink: audit.auditTo },
      },
      auditToLogger: {
        ...takes({
          call: (options) => audit.auditToLogger({ emit() {} }, options),
          options: { events: EVENTS, privacy: PRIVACY, locate: callback() },
        }),
        values: { logger: audit.auditToLogger },
      },
      clickHouse: {
        ...takes({
          call: (options) => audit.clickHouse({ insert: () => Promise.resolve() }, options),
          options: { ...SINK, table: text() },
        }),
        values: { client: audit.clickHouse },
      },
      clientFields: "takes nothing",
      clientToken: "is called by morgan",
      closeOnShutdown: { values: { sink: (each) => audit.closeOnShutdown(each) } },
      countEvents: {
        values: {
          meter: audit.countEvents,
          sinks: (sinks) =>
            audit.countEvents(
              { createCounter() {}, createObservableCounter: observable, createObservableGauge: observable } as never,
              Array.isArray(sinks) ? ([{}] as never) : (sinks ?? null),
            ),
        },
      },
      currentClient: "takes nothing",
      ecsRequest: "answers what is no request as it came",
      followClients: "takes nothing",
      formatCef: WRITES,
      formatCombined: WRITES,
      formatDenyList: {
        subjects: {
          entry: {
            call: (entry) => audit.formatDenyList([entry], "cidr"),
            options: { prefix: anyText(), note: anyText() },
            needs: ["prefix"],
          },
        },
        values: {
          entries: (entries) =>
            audit.formatDenyList(Array.isArray(entries) ? (["192.0.2.1"] as never) : entries, "cidr"),
          format: (format) => audit.formatDenyList([], format),
        },
      },
      formatEcs: WRITES,
      formatOtel: WRITES,
      formatOcsf: WRITES,
      alertOf: WRITES,
      jsonLines: {
        ...takes({
          call: (options) => audit.jsonLines(join(DIRECTORY, "audit.jsonl"), options),
          options: {
            ...SINK,
            rotateSize: option("64M", "text", "64", "0M", "64m"),
            keptFiles: whole(2),
            keptDays: whole(2),
            alerts: option(join(DIRECTORY, "alerts.jsonl"), ["text", "flag"], "", true),
            logins: option(join(DIRECTORY, "logins.jsonl"), ["text", "flag"], "", true),
            compress: flag(),
            reopenAt: option("SIGUSR2", "text", "sighup", "SIGTERM"),
            now: callback(),
          },
        }),
        values: { path: (path) => audit.jsonLines(typeof path === "string" ? ("" as never) : path) },
      },
      kafka: {
        ...takes({
          call: (options) => audit.kafka({ send: () => Promise.resolve() }, options),
          options: { ...SINK, topic: text() },
          needs: ["topic"],
        }),
        values: { producer: (producer) => audit.kafka(producer, { topic: "x" }) },
      },
      keyedHash: { values: { key: audit.keyedHash } },
      otlpLogs: takes({
        call: audit.otlpLogs,
        options: {
          ...SINK,
          url: option("http://127.0.0.1:4318/v1/logs", "text", "127.0.0.1:4318", "ftp://x/", "http://me:secret@x/"),
          headers: option(
            { authorization: "x" },
            "object",
            { authorization: 1 },
            { "a b": "x" },
            { authorization: "x\ny" },
          ),
          resource: option({ "service.name": "x" }, "object", { "service.name": null }, { "service.name": {} }),
        },
      }),
      publish: { values: { event: audit.publish } },
      recordOf: {
        values: {
          privacy: (privacy) =>
            audit.recordOf(
              { name: "client.resolved", time: record.time, resolution, transport: "tcp" },
              privacy ?? null,
            ),
        },
      },
      redisStream: {
        ...takes({
          call: (options) => audit.redisStream(PLAIN_CLIENT, options),
          options: { ...SINK, key: text(), limit: whole(10, 0) },
        }),
        values: { client: audit.redisStream },
      },
      requestSerializer: { values: { standard: (standard) => audit.requestSerializer(standard ?? null) } },
      runWithClient: "takes no options",
      subscribe: {
        values: {
          names: (names) => audit.subscribe(Array.isArray(names) ? (["client.reslved"] as never) : names, () => {}),
          listener: (listener) => audit.subscribe("client.resolved", listener),
        },
      },
      syslog: takes({
        call: audit.syslog,
        options: {
          ...SINK,
          host: text(),
          port: whole(514, 0, 65_536),
          transport: option("tcp", "text", "tls"),
          connect: option(() => new PassThrough(), "function"),
          facility: whole(10, 24),
          appName: text(),
        },
        beside: ["transport", "connect"],
      }),
      watchTraffic: takes({
        call: (options) => audit.watchTraffic(options).close(),
        options: {
          ...WINDOW,
          ...SURGE,
          redis: option(PLAIN_CLIENT, "object", {}, { call: 1 }),
          keyPrefix: anyText(),
          exchangeMs: timer(),
          timeoutMs: timer(),
          onTrouble: callback(),
        },
      }),
      webhook: takes({
        call: audit.webhook,
        options: {
          ...SINK,
          url: option(
            "http://127.0.0.1:9093/api/v2/alerts",
            "text",
            "127.0.0.1:9093",
            "ftp://x/",
            "http://me:secret@x/",
          ),
          form: option("pagerduty", "text", "pager"),
          headers: option({ authorization: "x" }, "object", { authorization: 1 }, { "a b": "x" }),
          routingKey: text(),
          service: text(),
          quietMs: whole(1000),
        },
        needs: ["url"],
        beside: ["routingKey"],
      }),
      withEcsClient: {
        values: { format: (format) => audit.withEcsClient(isPlain(format) ? (null as never) : format) },
      },
    },
  ],
  "@wherefrom/audit/geo": [
    geo,
    {
      openGeo: {
        subjects: {
          options: {
            call: geo.openGeo,
            options: {
              city: fileOption(),
              country: fileOption(),
              asn: fileOption(),
              pollMs: timer(0),
              onTrouble: callback(),
            },
          },
        },
      },
    },
  ],
};

/** A right value would have to be a file: what is refused is asked for alone. */
function fileOption(): OptionRow {
  return option(undefined, ["text", "object"], "", {}, { ipv5: "x" }, { ipv4: 1 });
}

function isPlain(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
