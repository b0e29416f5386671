#include "serve/openapi.h"

namespace telltale::serve {

std::string_view openapi_document() {
  return R"json({
 "openapi": "3.1.0",
 "info": {
  "title": "Telltale",
  "version": "0.1.0",
  "license": {
   "name": "Apache-2.0"
  },
  "description": "A Kubeflow pipeline, now. See docs/formats/api.md."
 },
 "paths": {
  "/api/v1/runs": {
   "get": {
    "summary": "Runs, newest first",
    "parameters": [
     {
      "name": "state",
      "in": "query",
      "schema": {
       "type": "array",
       "items": {
        "type": "string",
        "enum": [
         "pending",
         "queued",
         "running",
         "succeeded",
         "failed",
         "skipped",
         "cached",
         "retrying",
         "suspended",
         "cancelled",
         "unknown"
        ]
       }
      },
      "explode": true
     },
     {
      "name": "text",
      "in": "query",
      "schema": {
       "type": "string"
      }
     },
     {
      "name": "keys",
      "in": "query",
      "schema": {
       "type": "string"
      },
      "description": "comma separated"
     },
     {
      "name": "page",
      "in": "query",
      "schema": {
       "type": "string"
      }
     },
     {
      "name": "limit",
      "in": "query",
      "schema": {
       "type": "integer",
       "minimum": 0,
       "maximum": 200,
       "default": 50
      }
     }
    ],
    "responses": {
     "200": {
      "description": "RunList"
     },
     "400": {
      "$ref": "#/components/responses/problem"
     }
    },
    "description": "Every GET from here on also streams server-sent events."
   },
   "post": {
    "summary": "Start a run on the local target",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "type": "object",
        "properties": {
         "pipeline_file": {
          "type": "string"
         },
         "working_directory": {
          "type": "string"
         },
         "pipeline": {
          "type": "string",
          "description": "which one, when the file has several"
         },
         "parameters": {
          "type": "object",
          "additionalProperties": {
           "type": "string"
          }
         },
         "again": {
          "type": "string",
          "description": "key of a run to start again"
         }
        }
       }
      }
     }
    },
    "responses": {
     "202": {
      "description": "{\"run_key\": …}"
     },
     "400": {
      "$ref": "#/components/responses/problem"
     },
     "404": {
      "$ref": "#/components/responses/problem"
     },
     "503": {
      "$ref": "#/components/responses/problem"
     }
    }
   }
  },
  "/api/v1/runs/{key}": {
   "parameters": [
    {
     "$ref": "#/components/parameters/key"
    }
   ],
   "get": {
    "summary": "One run, with its tasks, series and artifacts",
    "responses": {
     "200": {
      "description": "RunView"
     },
     "400": {
      "$ref": "#/components/responses/problem"
     },
     "404": {
      "$ref": "#/components/responses/problem"
     }
    }
   }
  },
  "/api/v1/runs/{key}/cancel": {
   "parameters": [
    {
     "$ref": "#/components/parameters/key"
    }
   ],
   "post": {
    "summary": "Ask the run to stop",
    "responses": {
     "202": {
      "description": "asked"
     },
     "404": {
      "$ref": "#/components/responses/problem"
     },
     "409": {
      "$ref": "#/components/responses/problem"
     }
    }
   }
  },
  "/api/v1/runs/{key}/graph": {
   "parameters": [
    {
     "$ref": "#/components/parameters/key"
    }
   ],
   "get": {
    "summary": "Where each task is drawn",
    "responses": {
     "200": {
      "description": "GraphLayout"
     },
     "404": {
      "$ref": "#/components/responses/problem"
     }
    }
   }
  },
  "/api/v1/runs/{key}/tasks/{id}": {
   "parameters": [
    {
     "$ref": "#/components/parameters/key"
    },
    {
     "$ref": "#/components/parameters/id"
    }
   ],
   "get": {
    "summary": "One task",
    "responses": {
     "200": {
      "description": "TaskView"
     },
     "404": {
      "$ref": "#/components/responses/problem"
     }
    }
   }
  },
  "/api/v1/runs/{key}/tasks/{id}/log": {
   "parameters": [
    {
     "$ref": "#/components/parameters/key"
    },
    {
     "$ref": "#/components/parameters/id"
    }
   ],
   "get": {
    "summary": "Output of a task, byte for byte",
    "parameters": [
     {
      "name": "offset",
      "in": "query",
      "schema": {
       "type": "integer",
       "minimum": 0
      }
     },
     {
      "name": "tail",
      "in": "query",
      "schema": {
       "type": "integer",
       "minimum": 0
      }
     },
     {
      "name": "attempt",
      "in": "query",
      "schema": {
       "type": "integer",
       "minimum": 0,
       "maximum": 1000000
      }
     },
     {
      "name": "download",
      "in": "query",
      "schema": {
       "type": "string",
       "enum": [
        "1"
       ]
      }
     }
    ],
    "responses": {
     "200": {
      "description": "bytes",
      "content": {
       "text/plain": {}
      }
     },
     "206": {
      "description": "the range asked for"
     },
     "404": {
      "$ref": "#/components/responses/problem"
     },
     "416": {
      "description": "the log is shorter"
     }
    }
   }
  },
  "/api/v1/runs/{key}/metrics/{id}": {
   "parameters": [
    {
     "$ref": "#/components/parameters/key"
    },
    {
     "$ref": "#/components/parameters/id"
    }
   ],
   "get": {
    "summary": "Points of a series, for so many pixel columns",
    "parameters": [
     {
      "name": "from",
      "in": "query",
      "schema": {
       "type": "integer"
      }
     },
     {
      "name": "to",
      "in": "query",
      "schema": {
       "type": "integer"
      }
     },
     {
      "name": "points",
      "in": "query",
      "schema": {
       "type": "integer",
       "minimum": 0,
       "maximum": 4096
      }
     }
    ],
    "responses": {
     "200": {
      "description": "SeriesPoints"
     },
     "404": {
      "$ref": "#/components/responses/problem"
     }
    }
   }
  },
  "/api/v1/runs/{key}/artifacts/{id}": {
   "parameters": [
    {
     "$ref": "#/components/parameters/key"
    },
    {
     "$ref": "#/components/parameters/id"
    }
   ],
   "get": {
    "summary": "One artifact with its metadata",
    "responses": {
     "200": {
      "description": "ArtifactView"
     },
     "404": {
      "$ref": "#/components/responses/problem"
     }
    }
   }
  },
  "/api/v1/events": {
   "post": {
    "summary": "Events of runs; answered when they are on disk",
    "requestBody": {
     "required": true,
     "content": {
      "application/x-ndjson": {},
      "application/json": {},
      "application/x-protobuf": {}
     }
    },
    "responses": {
     "200": {
      "description": "accepted, with the refused lines"
     },
     "400": {
      "description": "nothing was accepted"
     },
     "413": {
      "$ref": "#/components/responses/problem"
     },
     "415": {
      "$ref": "#/components/responses/problem"
     },
     "429": {
      "$ref": "#/components/responses/problem"
     },
     "507": {
      "$ref": "#/components/responses/problem"
     }
    }
   }
  },
  "/api/v1/rejected": {
   "get": {
    "summary": "The last refused inputs and why",
    "responses": {
     "200": {
      "description": "newest first"
     }
    }
   }
  },
  "/api/v1/live": {
   "get": {
    "summary": "WebSocket: ClientFrame in, ServerMessage out (schema/view.proto)",
    "responses": {
     "101": {
      "description": "upgraded"
     }
    }
   }
  }
 },
 "components": {
  "parameters": {
   "key": {
    "name": "key",
    "in": "path",
    "required": true,
    "schema": {
     "type": "string",
     "pattern": "^[a-z2-7]{26}$"
    }
   },
   "id": {
    "name": "id",
    "in": "path",
    "required": true,
    "schema": {
     "type": "string",
     "pattern": "^[a-z2-7]{26}$"
    }
   }
  },
  "responses": {
   "problem": {
    "description": "RFC 9457",
    "content": {
     "application/problem+json": {
      "schema": {
       "type": "object",
       "properties": {
        "type": {
         "type": "string"
        },
        "title": {
         "type": "string"
        },
        "status": {
         "type": "integer"
        },
        "detail": {
         "type": "string"
        }
       }
      }
     }
    }
   }
  }
 }
}
)json";
}

}  // namespace telltale::serve
