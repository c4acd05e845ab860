import { compilePolicy, type TrustOptions } from "@wherefrom/core";
import { type Entrance, openEntrance } from "./entrance.ts";
import type { Loopback } from "./loopback.ts";
import { createReverseProxy, type ReverseProxyOptions } from "./reverse-proxy.ts";
import { createExpressService, createPlainService } from "./service.ts";

/** Everything that listens, and the policies that the services have. */
export interface Stage {
  readonly loopback: Loopback;
  /** The policy behind X-Forwarded-For, and the one behind X-Real-IP. */
  readonly listPolicy: TrustOptions;
  readonly singlePolicy: TrustOptions;
  /** The services themselves: for who goes around the proxies. */
  readonly plain: Entrance;
  readonly express: Entrance;
  /** edge ─▶ Express. */
  readonly oneProxy: Entrance;
  /** edge ─▶ inner ─▶ node:http. */
  readonly twoProxies: Entrance;
  /** inner ─▶ node:http: where the edge proxy comes in. */
  readonly inner: Entrance;
  /** edge ─▶ Express, and the edge says X-Real-IP. */
  readonly realIp: Entrance;
  readonly close: () => Promise<void>;
}

/** Starts services and proxies on free ports; `close` ends them all. */
export async function openStage(loopback: Loopback): Promise<Stage> {
  const { edge, inner, service, visitor6 } = loopback;
  const proxies = [...new Set([edge, inner])];
  const listPolicy: TrustOptions = { trust: proxies, from: "x-forwarded-for" };
  const singlePolicy: TrustOptions = { trust: [edge], from: "x-real-ip" };
  const opened: Entrance[] = [];
  const open = async (createServer: Parameters<typeof openEntrance>[0], address: string): Promise<Entrance> => {
    const entrance = await openEntrance(createServer, visitor6 === undefined ? [address] : [address, visitor6]);
    opened.push(entrance);
    return entrance;
  };
  const openProxy = (
    address: string,
    upstream: Entrance,
    names: ReverseProxyOptions["names"] = "x-forwarded-for",
  ): Promise<Entrance> =>
    open(() => createReverseProxy({ address, upstream: upstream.endpointFor(address), names }), address);

  const plain = await open(() => createPlainService(compilePolicy(listPolicy)), service);
  const express = await open(() => createExpressService(compilePolicy(listPolicy)), service);
  const single = await open(() => createExpressService(compilePolicy(singlePolicy)), service);
  const innerProxy = await openProxy(inner, plain);
  return {
    loopback,
    listPolicy,
    singlePolicy,
    plain,
    express,
    oneProxy: await openProxy(edge, express),
    twoProxies: await openProxy(edge, innerProxy),
    inner: innerProxy,
    realIp: await openProxy(edge, single, "x-real-ip"),
    close: async () => {
      await Promise.all(opened.map((entrance) => entrance.close()));
    },
  };
}
