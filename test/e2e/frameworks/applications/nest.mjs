import "reflect-metadata";
import { Controller, Get, Ip, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { tell } from "./tell.mjs";

class Root {
  ip(ip) {
    return ip;
  }
}
// Decorators, called as the functions that they are.
Controller()(Root);
Get()(Root.prototype, "ip", Object.getOwnPropertyDescriptor(Root.prototype, "ip"));
Ip()(Root.prototype, "ip", 0);
class Application {}
Module({ controllers: [Root] })(Application);

const app = await NestFactory.create(Application, new FastifyAdapter({ trustProxy: true }), { logger: false });
await app.listen(0, "127.0.0.1");
tell(app.getHttpServer());
