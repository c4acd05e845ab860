import { initTRPC } from "@trpc/server";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import { createServer } from "node:http";
import { tell } from "./tell.mjs";

const t = initTRPC.context().create();
const router = t.router({ ip: t.procedure.query(({ ctx }) => ctx.ip) });
const createContext = ({ req }) => ({
  ip: req.headers["x-forwarded-for"]?.split(",")[0] ?? req.socket.remoteAddress,
});
tell(createServer(createHTTPHandler({ router, createContext })));
