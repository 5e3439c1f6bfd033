import { z } from 'zod';
import type { OwnKind } from './kind.ts';
import { metadata } from './metadata.ts';
import { timestamp } from './names.ts';

const interfaceName = z.string().min(1).max(15);
const addressText = z.string().min(2).max(45);

const networkInterface = z.object({
  name: interfaceName.describe('Its name on the node.'),
  mac: z
    .string()
    .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/)
    .describe('The MAC address with which the node answers there.'),
  addresses: z
    .array(z.string().min(4).max(49))
    .max(64)
    .describe('Its addresses with prefix length, link-local ones included.'),
});

const held = z.object({
  announcement: z
    .string()
    .max(253)
    .describe('The Announcement; empty for addresses that none selects.'),
  interface: interfaceName.describe('The interface of the network this is about.'),
  count: z.int().min(0).max(1_000_000).describe('How many addresses the node answers for.'),
  buckets: z
    .string()
    .max(172)
    .regex(/^[A-Za-z0-9+/]*=*$/)
    .describe(
      'Bitmap of the 1024 buckets of addresses that it answers for, base64, the first bucket in the lowest bit of the first byte.',
    ),
  since: timestamp.describe('When the bitmap last changed.'),
});

const session = z.object({
  peer: addressText.describe('The address of the router.'),
  state: z
    .enum(['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'])
    .describe('Its state (RFC 4271 §8.2.2).'),
  since: timestamp.describe('When it came into that state.'),
});

const problem = z.object({
  object: z.string().max(400).describe('The object at fault, as `Kind/name`.'),
  field: z.string().max(400).describe('The field; empty where it is the object as a whole.'),
  value: z.string().max(400).describe('The value as it was written.'),
  message: z.string().max(2048).describe('What is wrong and what to do.'),
});

const nodeReportStatus = z
  .object({
    version: z.string().max(64).describe('The version of the agent.'),
    class: z
      .enum(['Active', 'Behind', 'Joining', 'Out'])
      .describe('How far the node takes part in answering for addresses.'),
    interfaces: z
      .array(networkInterface)
      .max(64)
      .default([])
      .describe('The interfaces on which it can announce: how its peers find it.'),
    gateways: z
      .array(addressText)
      .max(16)
      .default([])
      .describe('The routers of its default routes: no Service is given one of these addresses.'),
    held: z
      .array(held)
      .max(256)
      .default([])
      .describe('The addresses for which it answers now, in short form.'),
    sessions: z.array(session).max(64).default([]).describe('Its BGP sessions.'),
    dataPath: z
      .object({
        attach: z
          .enum(['TCX', 'Clsact', 'XDP', 'None'])
          .describe('How the programs for answering and steering are attached.'),
        landing: z
          .boolean()
          .describe('Whether packets for pods on this node may be handed to it now.'),
      })
      .optional()
      .describe('How packets are handled.'),
    problems: z
      .array(problem)
      .max(64)
      .default([])
      .describe('What on this node does not work, and what to do.'),
  })
  .describe('What the agent on the node reports.');

export const nodeReport = {
  kind: 'NodeReport',
  plural: 'nodereports',
  shortNames: [],
  description:
    'What the agent on one node sees and does; its name is the name of the node. Written by that agent only, at most once in 5 s.',
  status: nodeReportStatus,
  // Without the subresource, as there is no spec to protect from the agent and one write is enough.
  statusSubresource: false,
  inKubernetes: true,
  columns: [
    {
      name: 'Version',
      type: 'string',
      jsonPath: '.status.version',
      description: 'Version of the agent',
    },
    {
      name: 'Class',
      type: 'string',
      jsonPath: '.status.class',
      description: 'How far the node takes part',
    },
    {
      name: 'Landing',
      type: 'boolean',
      jsonPath: '.status.dataPath.landing',
      description: 'Whether packets may be handed to it',
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age' },
  ],
  example: `apiVersion: fairlead.dev/v1alpha1
kind: NodeReport
metadata:
  name: node-1
status:
  version: 0.1.0
  class: Active
  interfaces:
    - name: eth0
      mac: 52:54:00:12:34:56
      addresses: [192.0.2.11/24, 'fe80::5054:ff:fe12:3456/64']
  dataPath:
    attach: TCX
    landing: true
`,
} as const satisfies OwnKind;

export type NodeReportStatus = z.output<typeof nodeReportStatus>;

/** What we read of a NodeReport: agents of other versions may write more, or other things, than we know. */
export const nodeReportReading = z.object({
  metadata,
  status: nodeReportStatus
    .pick({ interfaces: true, gateways: true, problems: true })
    .extend({ dataPath: z.object({ landing: z.boolean().default(false) }).prefault({}) })
    .prefault({}),
});

export type NodeReportObject = z.output<typeof nodeReportReading>;
