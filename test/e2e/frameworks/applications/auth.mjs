// The request that authorize() is given, and currentClient() in a callback that is given none.
import { skipCSRFCheck } from "@auth/core";
import { ExpressAuth } from "@auth/express";
import Credentials from "@auth/express/providers/credentials";
import { currentClient } from "@wherefrom/audit";
import express from "express";
import { createServer } from "node:http";
import { tell } from "./tell.mjs";

const authorize = (_credentials, request) => {
  const address = request.headers.get("x-forwarded-for")?.split(",")[0] ?? "none";
  return { id: "1", name: address };
};
const signIn = ({ user }) => {
  const of = currentClient()?.client?.address ?? "none";
  return `/?${new URLSearchParams({ authorize: user.name, callback: of })}`;
};
const app = express().set("trust proxy", true);
app.use(
  "/auth",
  ExpressAuth({
    secret: "0123456789abcdef0123456789abcdef",
    trustHost: true,
    skipCSRFCheck,
    providers: [Credentials({ credentials: {}, authorize })],
    callbacks: { signIn },
  }),
);
tell(createServer(app));
