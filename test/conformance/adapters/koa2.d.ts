/** Koa 2 under the types of version 5: what the tests use of it is the same. */
declare module "koa2" {
  import koa from "koa";
  export default koa;
}
