import "reflect-metadata";
import type { IncomingMessage } from "node:http";
import { Controller, Get, type MiddlewareConsumer, Module, Req } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter, type NestFastifyApplication } from "@nestjs/platform-fastify";
import { compilePolicy } from "@wherefrom/core";
import { getClientIp, wherefrom } from "@wherefrom/fastify";
import type { FastifyRequest } from "fastify";
import { expect, onTestFinished, test } from "vitest";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-real-ip" });
const seen: unknown[] = [];

class Root {
  read(request: FastifyRequest): unknown {
    return [request.ip, getClientIp(request)];
  }
}
// Decorators, called as the functions that they are.
Controller()(Root);
Get()(Root.prototype, "read", Object.getOwnPropertyDescriptor(Root.prototype, "read")!);
Req()(Root.prototype, "read", 0);

class Application {
  configure(consumer: MiddlewareConsumer): void {
    const middleware = (request: IncomingMessage & { readonly ip: string }, _: unknown, next: () => void): void => {
      seen.push(request.ip, getClientIp(request));
      next();
    };
    consumer.apply(middleware).forRoutes("{*path}");
  }
}
Module({ controllers: [Root] })(Application);

test.each(["before", "after"])(
  "Nest's middleware and handlers have the client, with the plugin registered %s Nest's own",
  async (place) => {
    seen.length = 0;
    const app = await NestFactory.create<NestFastifyApplication>(Application, new FastifyAdapter(), { logger: false });
    onTestFinished(() => app.close());
    const register = async (): Promise<void> => {
      await app.getHttpAdapter().getInstance().register(wherefrom(policy));
    };
    if (place === "before") await register();
    await app.init();
    if (place === "after") await register();
    await app.getHttpAdapter().getInstance().ready();
    const response = await app.inject({ url: "/", headers: { "x-real-ip": "203.0.113.7" } });
    expect(response.json()).toEqual(["203.0.113.7", "203.0.113.7"]);
    expect(seen).toEqual(["203.0.113.7", "203.0.113.7"]);
  },
);
