import { ApolloServer } from "@apollo/server";
import { expressMiddleware } from "@as-integrations/express5";
import express from "express";
import { createServer } from "node:http";
import { tell } from "./tell.mjs";

const apollo = new ApolloServer({
  typeDefs: "type Query { ip: String }",
  resolvers: { Query: { ip: (_parent, _args, context) => context.ip } },
});
await apollo.start();
const app = express();
app.set("trust proxy", true);
app.use("/", express.json(), expressMiddleware(apollo, { context: async ({ req }) => ({ ip: req.ip }) }));
tell(createServer(app));
