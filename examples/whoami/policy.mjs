// Whom this service believes: what its manifest says in TRUST, or a module of its own where one line is not enough (POLICY).
import { pathToFileURL } from "node:url";
import { policyFromEnv } from "@wherefrom/core";

const { POLICY, TRUST, TOA, PROXY_PROTOCOL } = process.env;

/** Throws at start-up where neither is there: nobody is believed by accident. */
export const policy = POLICY === undefined ? policyFromEnv(TRUST) : (await import(pathToFileURL(POLICY).href)).policy;

/** What the balancer puts in front of connections or into packets: TOA names the product ("lvs"), PROXY_PROTOCOL is "required". */
export const options = { toa: TOA, proxyProtocol: PROXY_PROTOCOL };

/** Both IP versions, unless told otherwise. */
export const port = Number(process.env.PORT ?? 8080);
export const host = process.env.HOST ?? "::";
