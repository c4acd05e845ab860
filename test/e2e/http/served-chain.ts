import type { PolicyOptions } from "@wherefrom/core";
import { afterAll, beforeAll } from "vitest";
import { type Chain, type ChainOptions, startChain } from "./chain.ts";
import { MACHINES, type Proxy } from "./machine.ts";
import { type Framework, FRAMEWORKS, type Service, startService } from "./service.ts";

export interface ServedChainOptions extends Omit<ChainOptions, "service"> {
  readonly framework: Framework;
  readonly policy: PolicyOptions;
  /** Where the service listens: a Unix socket, ::1, or (default) its own IPv4 address as the framework's sockets write it. */
  readonly listens?: { readonly path: string } | { readonly host: string };
}

/** A chain of proxies with its service: started before the first case of the block, and ended after the last, whatever became of them. */
export function useServedChain(makeOptions: () => ServedChainOptions): { readonly chain: Chain } {
  let service: Service | undefined;
  let chain: Chain | undefined;
  beforeAll(async () => {
    const { framework, policy, listens = { host: LISTENERS[framework] }, ...options } = makeOptions();
    service = await startService(framework, policy, listens);
    chain = await startChain({ ...options, service: upstreamText(listens, service.port) });
  });
  afterAll(async () => {
    await chain?.stop();
    await service?.stop();
  });
  return {
    get chain(): Chain {
      if (chain === undefined) throw new Error("the chain is not started yet");
      return chain;
    },
  };
}

/** Express listens on an IPv4 socket, node:http on an IPv6 one, where IPv4 addresses are mapped, as they are where Node listens by default. */
export const LISTENERS: Readonly<Record<Framework, string>> = {
  express: MACHINES.service,
  "node:http": `::ffff:${MACHINES.service}`,
};

function upstreamText(listens: { path: string } | { host: string }, port: number): string {
  if ("path" in listens) return listens.path;
  const host = listens.host.replace("::ffff:", "");
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Every order of the two proxies in one and two hops, before every framework. */
export const ALL_CHAINS: readonly {
  readonly proxies: readonly Proxy[];
  readonly framework: Framework;
  readonly title: string;
}[] = ([["nginx"], ["haproxy"], ["haproxy", "nginx"], ["nginx", "haproxy"]] as const).flatMap((proxies) =>
  FRAMEWORKS.map((framework) => ({ proxies, framework, title: [...proxies, framework].join(" ─▶ ") })),
);
