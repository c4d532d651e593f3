// What a browser does: reads REST answers into the generated messages. Prints, by path, each answer as it came and as
// the messages print it.
import { createRegistry, fromJson, toJson, type DescMessage, type JsonValue } from "@bufbuild/protobuf";
import { BadRequestSchema, ErrorInfoSchema } from "scope-api/google/rpc/error_details_pb";
import { StatusSchema } from "scope-api/google/rpc/status_pb";
import {
  GetNodeResponseSchema,
  GetTopologyResponseSchema,
  ListProbesResponseSchema,
  ListTopologiesResponseSchema,
} from "scope-api/scope/query/v1/messages_pb";
import { ListTokensResponseSchema, LookupResponseSchema } from "scope-api/scope/users/v1/messages_pb";

declare const process: { argv: [string, string, string, string, string] };
const [, , url, token, node] = process.argv;
const registry = createRegistry(ErrorInfoSchema, BadRequestSchema);

async function read(path: string, schema: DescMessage): Promise<[string, { came: JsonValue; printed: JsonValue }]> {
  const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
  const came = (await answer.json()) as JsonValue;
  const again = (one: JsonValue): JsonValue =>
    toJson(schema, fromJson(schema, one, { registry }), { registry, alwaysEmitImplicit: true });
  return [path, { came, printed: Array.isArray(came) ? came.map(again) : again(came) }];
}

const answers = await Promise.all([
  read("/api/topology", ListTopologiesResponseSchema),
  read("/api/topology/hosts", GetTopologyResponseSchema),
  read("/api/topology/processes", GetTopologyResponseSchema),
  read(`/api/topology/hosts/${encodeURIComponent(node)}`, GetNodeResponseSchema),
  read("/api/probes", ListProbesResponseSchema),
  read("/api/users/lookup", LookupResponseSchema),
  read("/api/users/tokens", ListTokensResponseSchema),
  read("/api/topology/nothing", StatusSchema),
  read(`/api/topology/${"x".repeat(100)}`, StatusSchema),
]);
console.log(JSON.stringify(Object.fromEntries(answers)));
