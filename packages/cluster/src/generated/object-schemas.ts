// Made by `node scripts/generate.ts` from ../schemas; do not edit.
import type { AddressPoolObject } from '../schemas/address-pool.ts';
import type { AnnouncementObject } from '../schemas/announcement.ts';
import type { ClusterObject } from '../schemas/cluster-document.ts';
import type { EndpointSliceObject } from '../schemas/endpoint-slice.ts';
import type { NamespaceObject } from '../schemas/namespace.ts';
import type { NodeObject } from '../schemas/node.ts';
import type { NodeReportObject } from '../schemas/node-report.ts';
import type { Condition } from '../schemas/condition.ts';
import type { PublishedServiceObject } from '../schemas/service.ts';
import type { ServiceObject } from '../schemas/service.ts';
import type { Schema } from '../shape/schema.ts';

export const addressPoolSchema: Schema<AddressPoolObject> = {
  type: 'object',
  required: ['metadata', 'spec'],
  additionalProperties: false,
  properties: {
    apiVersion: {},
    kind: {},
    metadata: {
      type: 'object',
      properties: {
        name: {
          type: 'string',
          minLength: 1,
          maxLength: 253,
          pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
          form: 'lower-case letters, digits, - and ., beginning and ending with a letter or digit',
        },
        labels: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        annotations: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        creationTimestamp: { type: 'string' },
        deletionTimestamp: { type: 'string' },
      },
      required: ['name'],
    },
    spec: {
      type: 'object',
      properties: {
        addresses: {
          minItems: 1,
          maxItems: 64,
          type: 'array',
          items: { type: 'string', minLength: 1, maxLength: 96 },
        },
        autoAssign: { default: true, type: 'boolean' },
        priority: { type: 'integer', minimum: 1, maximum: 2147483647 },
        namespaces: {
          default: [],
          maxItems: 256,
          type: 'array',
          items: {
            type: 'string',
            minLength: 1,
            maxLength: 63,
            pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
            form: 'lower-case letters, digits and -, beginning and ending with a letter or digit',
          },
        },
        namespaceSelector: {
          type: 'object',
          properties: {
            matchLabels: {
              type: 'object',
              additionalProperties: { type: 'string', maxLength: 63 },
            },
            matchExpressions: {
              maxItems: 32,
              type: 'array',
              items: {
                type: 'object',
                properties: {
                  key: { type: 'string', minLength: 1, maxLength: 317 },
                  operator: { type: 'string', enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] },
                  values: { maxItems: 64, type: 'array', items: { type: 'string', maxLength: 63 } },
                },
                required: ['key', 'operator'],
                additionalProperties: false,
              },
            },
          },
          additionalProperties: false,
        },
        serviceSelector: {
          type: 'object',
          properties: {
            matchLabels: {
              type: 'object',
              additionalProperties: { type: 'string', maxLength: 63 },
            },
            matchExpressions: {
              maxItems: 32,
              type: 'array',
              items: {
                type: 'object',
                properties: {
                  key: { type: 'string', minLength: 1, maxLength: 317 },
                  operator: { type: 'string', enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] },
                  values: { maxItems: 64, type: 'array', items: { type: 'string', maxLength: 63 } },
                },
                required: ['key', 'operator'],
                additionalProperties: false,
              },
            },
          },
          additionalProperties: false,
        },
        skipEdges: { default: false, type: 'boolean' },
        reuseAfter: {
          default: '0s',
          type: 'string',
          pattern: '^(0|[1-9][0-9]{0,5})[smh]$',
          form: 'a whole number with s, m or h, as in 90s, 10m or 24h',
        },
      },
      required: ['addresses'],
      additionalProperties: false,
    },
    status: {},
  },
};

export const announcementSchema: Schema<AnnouncementObject> = {
  type: 'object',
  required: ['metadata', 'spec'],
  additionalProperties: false,
  properties: {
    apiVersion: {},
    kind: {},
    metadata: {
      type: 'object',
      properties: {
        name: {
          type: 'string',
          minLength: 1,
          maxLength: 253,
          pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
          form: 'lower-case letters, digits, - and ., beginning and ending with a letter or digit',
        },
        labels: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        annotations: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        creationTimestamp: { type: 'string' },
        deletionTimestamp: { type: 'string' },
      },
      required: ['name'],
    },
    spec: {
      type: 'object',
      properties: {
        pools: {
          default: [],
          maxItems: 64,
          type: 'array',
          items: {
            type: 'string',
            minLength: 1,
            maxLength: 253,
            pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
            form: 'lower-case letters, digits, - and ., beginning and ending with a letter or digit',
          },
        },
        serviceSelector: {
          type: 'object',
          properties: {
            matchLabels: {
              type: 'object',
              additionalProperties: { type: 'string', maxLength: 63 },
            },
            matchExpressions: {
              maxItems: 32,
              type: 'array',
              items: {
                type: 'object',
                properties: {
                  key: { type: 'string', minLength: 1, maxLength: 317 },
                  operator: { type: 'string', enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] },
                  values: { maxItems: 64, type: 'array', items: { type: 'string', maxLength: 63 } },
                },
                required: ['key', 'operator'],
                additionalProperties: false,
              },
            },
          },
          additionalProperties: false,
        },
        nodeSelector: {
          type: 'object',
          properties: {
            matchLabels: {
              type: 'object',
              additionalProperties: { type: 'string', maxLength: 63 },
            },
            matchExpressions: {
              maxItems: 32,
              type: 'array',
              items: {
                type: 'object',
                properties: {
                  key: { type: 'string', minLength: 1, maxLength: 317 },
                  operator: { type: 'string', enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] },
                  values: { maxItems: 64, type: 'array', items: { type: 'string', maxLength: 63 } },
                },
                required: ['key', 'operator'],
                additionalProperties: false,
              },
            },
          },
          additionalProperties: false,
        },
        interfaces: {
          default: [],
          maxItems: 32,
          type: 'array',
          items: {
            type: 'string',
            minLength: 1,
            maxLength: 64,
            pattern: '^[^\\s/]+$',
            form: "an interface's name without spaces and /, with *, ? or [a-z] if wanted",
          },
        },
        preferredNodes: {
          type: 'object',
          properties: {
            matchLabels: {
              type: 'object',
              additionalProperties: { type: 'string', maxLength: 63 },
            },
            matchExpressions: {
              maxItems: 32,
              type: 'array',
              items: {
                type: 'object',
                properties: {
                  key: { type: 'string', minLength: 1, maxLength: 317 },
                  operator: { type: 'string', enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] },
                  values: { maxItems: 64, type: 'array', items: { type: 'string', maxLength: 63 } },
                },
                required: ['key', 'operator'],
                additionalProperties: false,
              },
            },
          },
          additionalProperties: false,
        },
      },
      additionalProperties: false,
    },
    status: {},
  },
};

export const clusterSchema: Schema<ClusterObject> = {
  type: 'object',
  required: ['metadata', 'spec'],
  additionalProperties: false,
  properties: {
    apiVersion: {},
    kind: {},
    metadata: {
      type: 'object',
      properties: {
        name: {
          type: 'string',
          minLength: 1,
          maxLength: 253,
          pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
          form: 'lower-case letters, digits, - and ., beginning and ending with a letter or digit',
        },
        labels: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        annotations: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        creationTimestamp: { type: 'string' },
        deletionTimestamp: { type: 'string' },
      },
      required: ['name'],
    },
    spec: {
      type: 'object',
      properties: {
        clusterId: {
          type: 'string',
          minLength: 1,
          maxLength: 63,
          pattern: '^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$',
          form: 'letters, digits, -, _ and ., beginning and ending with a letter or digit',
        },
        keyFile: { type: 'string', minLength: 1, maxLength: 4096 },
      },
      required: ['clusterId', 'keyFile'],
      additionalProperties: false,
    },
    status: {},
  },
};

export const endpointSliceSchema: Schema<EndpointSliceObject> = {
  type: 'object',
  properties: {
    metadata: {
      type: 'object',
      properties: {
        name: {
          type: 'string',
          minLength: 1,
          maxLength: 253,
          pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
          form: 'lower-case letters, digits, - and ., beginning and ending with a letter or digit',
        },
        labels: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        annotations: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        creationTimestamp: { type: 'string' },
        deletionTimestamp: { type: 'string' },
        namespace: {
          default: 'default',
          type: 'string',
          minLength: 1,
          maxLength: 63,
          pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
          form: 'lower-case letters, digits and -, beginning and ending with a letter or digit',
        },
      },
      required: ['name'],
    },
    addressType: { type: 'string', enum: ['IPv4', 'IPv6', 'FQDN'] },
    endpoints: {
      default: [],
      type: 'array',
      items: {
        type: 'object',
        properties: {
          addresses: { minItems: 1, type: 'array', items: { type: 'string' } },
          nodeName: { type: 'string' },
          conditions: {
            default: {},
            type: 'object',
            properties: {
              ready: { type: 'boolean' },
              serving: { type: 'boolean' },
              terminating: { type: 'boolean' },
            },
          },
        },
        required: ['addresses'],
      },
    },
    ports: {
      default: [],
      type: 'array',
      items: {
        type: 'object',
        properties: {
          name: { default: '', type: 'string' },
          protocol: { default: 'TCP', type: 'string', enum: ['TCP', 'UDP', 'SCTP'] },
          port: { type: 'integer', minimum: 1, maximum: 65535 },
        },
      },
    },
  },
  required: ['metadata', 'addressType'],
};

export const namespaceSchema: Schema<NamespaceObject> = {
  type: 'object',
  properties: {
    metadata: {
      type: 'object',
      properties: {
        name: {
          type: 'string',
          minLength: 1,
          maxLength: 253,
          pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
          form: 'lower-case letters, digits, - and ., beginning and ending with a letter or digit',
        },
        labels: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        annotations: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        creationTimestamp: { type: 'string' },
        deletionTimestamp: { type: 'string' },
      },
      required: ['name'],
    },
  },
  required: ['metadata'],
};

export const nodeSchema: Schema<NodeObject> = {
  type: 'object',
  properties: {
    metadata: {
      type: 'object',
      properties: {
        name: {
          type: 'string',
          minLength: 1,
          maxLength: 253,
          pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
          form: 'lower-case letters, digits, - and ., beginning and ending with a letter or digit',
        },
        labels: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        annotations: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        creationTimestamp: { type: 'string' },
        deletionTimestamp: { type: 'string' },
      },
      required: ['name'],
    },
    status: {
      default: {},
      type: 'object',
      properties: {
        addresses: {
          default: [],
          type: 'array',
          items: {
            type: 'object',
            properties: { type: { type: 'string' }, address: { type: 'string' } },
            required: ['type', 'address'],
          },
        },
        conditions: {
          default: [],
          type: 'array',
          items: {
            type: 'object',
            properties: { type: { type: 'string' }, status: { type: 'string' } },
            required: ['type', 'status'],
          },
        },
      },
    },
  },
  required: ['metadata'],
};

export const nodeReportSchema: Schema<NodeReportObject> = {
  type: 'object',
  properties: {
    metadata: {
      type: 'object',
      properties: {
        name: {
          type: 'string',
          minLength: 1,
          maxLength: 253,
          pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
          form: 'lower-case letters, digits, - and ., beginning and ending with a letter or digit',
        },
        labels: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        annotations: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        creationTimestamp: { type: 'string' },
        deletionTimestamp: { type: 'string' },
      },
      required: ['name'],
    },
    status: {
      default: {},
      type: 'object',
      properties: {
        interfaces: {
          default: [],
          maxItems: 64,
          type: 'array',
          items: {
            type: 'object',
            properties: {
              name: { type: 'string', minLength: 1, maxLength: 15 },
              mac: { type: 'string', pattern: '^[0-9a-f]{2}(:[0-9a-f]{2}){5}$' },
              addresses: {
                maxItems: 64,
                type: 'array',
                items: { type: 'string', minLength: 4, maxLength: 49 },
              },
            },
            required: ['name', 'mac', 'addresses'],
          },
        },
        gateways: {
          default: [],
          maxItems: 16,
          type: 'array',
          items: { type: 'string', minLength: 2, maxLength: 45 },
        },
        problems: {
          default: [],
          maxItems: 64,
          type: 'array',
          items: {
            type: 'object',
            properties: {
              object: { type: 'string', maxLength: 400 },
              field: { type: 'string', maxLength: 400 },
              value: { type: 'string', maxLength: 400 },
              message: { type: 'string', maxLength: 2048 },
            },
            required: ['object', 'field', 'value', 'message'],
          },
        },
        dataPath: {
          default: {},
          type: 'object',
          properties: { landing: { default: false, type: 'boolean' } },
        },
      },
    },
  },
  required: ['metadata'],
};

export const conditionSchema: Schema<Condition> = {
  type: 'object',
  properties: {
    type: { type: 'string', maxLength: 316 },
    status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
    reason: { type: 'string', maxLength: 1024 },
    message: { type: 'string', maxLength: 32768 },
    lastTransitionTime: { type: 'string', maxLength: 64 },
    observedGeneration: { type: 'integer', minimum: 0, maximum: 9007199254740991 },
  },
  required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
};

export const publishedServiceSchema: Schema<PublishedServiceObject> = {
  type: 'object',
  properties: {
    metadata: {
      type: 'object',
      properties: { uid: { type: 'string', minLength: 1 } },
      required: ['uid'],
    },
    status: {
      default: {},
      type: 'object',
      properties: {
        loadBalancer: {
          default: {},
          type: 'object',
          properties: {
            ingress: {
              default: [],
              type: 'array',
              items: { type: 'object', properties: { ip: { type: 'string' } } },
            },
          },
        },
      },
    },
  },
  required: ['metadata'],
};

export const serviceSchema: Schema<ServiceObject> = {
  type: 'object',
  properties: {
    metadata: {
      type: 'object',
      properties: {
        name: {
          type: 'string',
          minLength: 1,
          maxLength: 253,
          pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
          form: 'lower-case letters, digits, - and ., beginning and ending with a letter or digit',
        },
        labels: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        annotations: { default: {}, type: 'object', additionalProperties: { type: 'string' } },
        creationTimestamp: { type: 'string' },
        deletionTimestamp: { type: 'string' },
        namespace: {
          default: 'default',
          type: 'string',
          minLength: 1,
          maxLength: 63,
          pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
          form: 'lower-case letters, digits and -, beginning and ending with a letter or digit',
        },
      },
      required: ['name'],
    },
    spec: {
      type: 'object',
      properties: {
        type: { default: 'ClusterIP', type: 'string' },
        loadBalancerClass: { type: 'string' },
        loadBalancerIP: { type: 'string' },
        ipFamilies: {
          default: [],
          maxItems: 2,
          type: 'array',
          items: { type: 'string', enum: ['IPv4', 'IPv6'] },
        },
        ipFamilyPolicy: {
          type: 'string',
          enum: ['SingleStack', 'PreferDualStack', 'RequireDualStack'],
        },
        ports: {
          minItems: 1,
          type: 'array',
          items: {
            type: 'object',
            properties: {
              name: { default: '', type: 'string', maxLength: 63 },
              protocol: { default: 'TCP', type: 'string', enum: ['TCP', 'UDP', 'SCTP'] },
              port: { type: 'integer', minimum: 1, maximum: 65535 },
            },
            required: ['port'],
          },
        },
        externalTrafficPolicy: { default: 'Cluster', type: 'string', enum: ['Cluster', 'Local'] },
        sessionAffinity: { default: 'None', type: 'string', enum: ['None', 'ClientIP'] },
        sessionAffinityConfig: {
          type: 'object',
          properties: {
            clientIP: {
              type: 'object',
              properties: {
                timeoutSeconds: { default: 10800, type: 'integer', minimum: 1, maximum: 86400 },
              },
            },
          },
        },
        loadBalancerSourceRanges: { default: [], type: 'array', items: { type: 'string' } },
      },
      required: ['ports'],
    },
  },
  required: ['metadata', 'spec'],
};
