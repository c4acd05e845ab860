import { createSchema, createYoga } from "graphql-yoga";
import { createServer } from "node:http";
import { tell } from "./tell.mjs";

const yoga = createYoga({
  schema: createSchema({
    typeDefs: "type Query { ip: String }",
    resolvers: {
      Query: { ip: (_parent, _args, { request }) => request.headers.get("x-forwarded-for")?.split(",")[0] ?? "none" },
    },
  }),
});
tell(createServer((request, response) => void yoga(request, response)));
