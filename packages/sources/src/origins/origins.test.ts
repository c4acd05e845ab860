import { expect, test } from "vitest";
import { compileWithin } from "../list/within.ts";
import { dnsList } from "./dns-list.ts";
import { fileList } from "./file-list.ts";
import { kubernetesPods } from "./kubernetes-list.ts";
import { urlList } from "./url-list.ts";
import { vendorList } from "./vendor-list.ts";

const AWS = "https://ip-ranges.amazonaws.com/ip-ranges.json";
const AZURE = "https://download.microsoft.com/download/7/1/d/ServiceTags_Public_20261123.json";

test.each<[string, () => unknown, RegExp]>([
  ["EC2", () => urlList(AWS, { service: "EC2" }), /the rows "EC2" of .* addresses that customers rent/],
  ["all of AWS", () => urlList(AWS), /all of its rows of .* customers rent: .*"CLOUDFRONT_ORIGIN_FACING"/],
  ["a region of Azure", () => urlList(AZURE, { service: "AzureCloud.westeurope" }), /customers rent/],
  ["Google's cloud", () => urlList("https://www.gstatic.com/ipranges/cloud.json"), /customers rent/],
  ["droplets", () => urlList("https://digitalocean.com/geo/google.csv"), /customers rent/],
  ["a service of a mirror", () => urlList("https://mirror.example/aws.json", { service: "EC2" }), /customers rent/],
  ["a region in a file", () => fileList("/tmp/a.json", { service: "AzureCloud" }), /customers rent: .*"AzureFrontDoor/],
  ["droplets by name", () => vendorList("digitalocean" as never), /customers rent droplets/],
  ["EC2 by name", () => vendorList("ec2" as never), /customers rent EC2/],
  ["Akamai", () => vendorList("akamai" as never), /no public URL: write them into a file/],
  ["a slip of the hand", () => vendorList("cloudflair" as never), /did you mean "cloudflare"\?/],
  ["Azure without its file", () => vendorList("azure-front-door"), /url is missing/],
  ["a URL for Cloudflare", () => vendorList("cloudflare", { url: "https://a.example/" }), /read by urlList/],
  ["plain HTTP", () => urlList("http://mirror.example/a.txt"), /read from an https: URL/],
  ["a user in the URL", () => urlList("https://a:b@mirror.example/a.txt"), /https: URL without a user/],
  ["an address for a name", () => dnsList("10.0.0.1"), /a host name, such as "balancer\.example"/],
  ["a name server by name", () => dnsList("a.example", { servers: ["ns.example"] }), /servers are IP addresses/],
  ["a misspelt option", () => fileList("/tmp/a", { fromat: "csv" } as never), /did you mean "format"\?/],
  ["neither Service nor selector", () => kubernetesPods({ namespace: "a" }), /either "service" or "selector"/],
  ["both", () => kubernetesPods({ namespace: "a", service: "b", selector: "c" }), /either "service" or "selector"/],
  ["an empty within", () => compileWithin([]), /write within: \["private"\]/],
  ["a wildcard in within", () => compileWithin(["10.0.0.*"]), /did you mean "10\.0\.0\.0\/24"\?/],
  ["a name that within does not take", () => compileWithin(["linklocal"]), /not "linklocal"/],
])("%s is refused", (_title, make, refusal) => {
  expect(make).toThrow(refusal);
});

test("the rows of AWS and Azure that are proxies are lists", () => {
  expect(urlList(AWS, { service: "CLOUDFRONT_ORIGIN_FACING" }).bounds.isPublic).toBe(true);
  expect(vendorList("azure-front-door", { url: AZURE }).origin).toBe("list of azure-front-door");
});
