/** A program that names something of every package, for TypeScript as a consumer has it. It is checked, and never run. */
export const TYPED_MODULE = `
import { createServer } from "node:http";
import express from "express";
import fastify from "fastify";
import Koa from "koa";
import * as audit from "@wherefrom/audit";
import { type Geo, openGeo } from "@wherefrom/audit/geo";
import { compilePolicy, type Policy, type Resolution, type Stop, WherefromError } from "@wherefrom/core";
import { cloudflare } from "@wherefrom/core/presets";
import { parseToaOptions, type ToaReading } from "@wherefrom/core/wire";
import { createSocket, getClientIp as clientOfDatagram } from "@wherefrom/dgram";
import * as forExpress from "@wherefrom/express";
import * as forFastify from "@wherefrom/fastify";
import * as forKoa from "@wherefrom/koa";
import { loadSockopt, type NativeStatus } from "@wherefrom/native";
import { getClient, getClientIp, nativeStatus, toaStatus, wherefrom } from "@wherefrom/net";

export const policy: Policy = compilePolicy({ trust: ["10.0.0.0/8"], from: "x-forwarded-for" });
export const preset: unknown = cloudflare;
export const read: (...parameters: Parameters<typeof parseToaOptions>) => ToaReading = parseToaOptions;
export const server = wherefrom(createServer(), policy, { toa: "lvs" });
server.on("connection", (socket) => {
  const resolution: Resolution = getClient(socket);
  const stop: Stop = resolution.stop;
  const ip: string | undefined = getClientIp(socket);
  console.log(ip?.length, stop, toaStatus(server)?.reader);
});
const app = express().use(forExpress.wherefrom(policy));
app.get("/", (request, response) => void response.send(forExpress.getClientIp(request) ?? "unknown"));
void fastify().register(forFastify.wherefrom(policy));
new Koa().use(forKoa.wherefrom(policy)).use((context) => void (context.body = forKoa.getClientIp(context)));
createSocket({ type: "udp4", udp: "dpvs" }, policy).on("message", (message, rinfo) => {
  const ip: string | undefined = clientOfDatagram(rinfo);
  console.log(message.length, ip);
});
export const status: NativeStatus = nativeStatus();
export const length: number | undefined = loadSockopt()?.toaLookup(0);
export const format: unknown = audit.formatEcs;
export const located = async (geo: Promise<Geo> = openGeo()): Promise<string | undefined> => (await geo).locate("192.0.2.1")?.country;
export const isOurs: (error: unknown) => boolean = (error) => WherefromError.is(error);
`;
