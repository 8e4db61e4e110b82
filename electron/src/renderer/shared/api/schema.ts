/** Generated from openapi.json by `npm run generate`. Not to be edited. */
export interface paths {
    "/audit/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists commands with who gave them, on which device, when and why, newest first; of a record or one of its fields, the
         *     commands behind its values.
         */
        get: {
            parameters: {
                query?: {
                    /** @description What this person did: a public key in hex. */
                    actor?: string;
                    /** @description Commands of this type, as `records.update`. */
                    command_type?: string;
                    /** @description Where the page before ended: its `next_cursor`. */
                    cursor?: string;
                    /** @description What was done to this record under any of its names, and to its edges. */
                    entity?: string;
                    /** @description Of a record: what was done to this field, an id or a name; the table must be named too. */
                    field?: string;
                    /** @description How many commands: 1 to 1,000; 100 when absent. */
                    limit?: number;
                    /** @description What was done at this time or later: RFC 3339. */
                    since?: string;
                    /** @description What was done in this table and to it: an id, or a name. */
                    table?: string;
                    /** @description What was done before this time: RFC 3339. */
                    until?: string;
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Audit"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conflicts/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists conflicts. */
        get: {
            parameters: {
                query?: {
                    /** @description `open`, which is also what is meant when it is absent. */
                    status?: string;
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Conflicts"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conflicts/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Decides a conflict. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ResolveConflict"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/decisions/conflicts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists decision conflicts. */
        get: {
            parameters: {
                query?: {
                    /** @description `open` (those that wait for somebody, opened again or not; when absent), `resolved` or `all`. */
                    status?: string;
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DecisionConflicts"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/decisions/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says what is done about a decision that had not seen what it should have. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ResolveDecisionBody"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/doctor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Examines the network and how the workspace stands with its peers on it; where no workspace is open, the network
         *     alone. Takes up to a few seconds.
         */
        get: {
            parameters: {
                query?: {
                    /** @description A peer that somebody misses: the name of its device, the beginning of its key, or its address. */
                    peer?: string;
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Examination"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/edges/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Relates two records. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CreateEdge"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EdgeCreated"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/edges/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Deletes an edge. It can be restored. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfEdge"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/edges/kinds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells which kinds of edge are in use, and how much. */
        get: {
            parameters: {
                query?: {
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EdgeKinds"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/edges/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the edges of a record. Deleted ones are left out; those whose other end is deleted are not. */
        get: {
            parameters: {
                query: {
                    /** @description Where the page before ended: its `next_cursor`. */
                    cursor?: string;
                    /** @description `outgoing`, `incoming` or `both`, which is also what is meant when it is absent. */
                    direction?: string;
                    /** @description Their type; all when absent. */
                    edge_type?: string;
                    /** @description The record. */
                    entity: string;
                    /** @description How many at most: 1 to 1,000; 1,000 when absent. */
                    limit?: number;
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Edges"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/edges/rebalance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Spreads the places of ordered edges out again, so that there is room between them. Their order stays. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RebalanceEdges"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/edges/reorder": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Moves an ordered edge among its siblings: the ordered edges of the same type from the same record. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ReorderEdge"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/edges/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes the deletion of an edge back. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfEdge"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/edges/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sets properties of an edge. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["UpdateEdge"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events/append": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Records facts. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AppendEvents"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Appended"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events/append_if": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Records facts, provided that a context has not changed. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AppendEventsIf"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Appended"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events/query": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reads the events that match a query, and how far its context has come. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["QueryEvents"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventsFound"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/field-mappings/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Declares two fields of different tables one: what is written to either is the value of both. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DecideMapping"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/field-mappings/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what was decided about fields of different tables, and what there is to decide. */
        get: {
            parameters: {
                query?: {
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["FieldMappings"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/field-mappings/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says that two fields are not one: takes a confirmation back, or a suggestion away. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DecideMapping"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the engine runs. Needs no token. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Health"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what was done to a workspace, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description What this person did: a public key in hex. */
                    actor?: string;
                    /** @description Where the page before ended: its `next_cursor`. */
                    cursor?: string;
                    /** @description How many bundles: 1 to 1,000; 100 when absent. */
                    limit?: number;
                    /** @description What was done in this table and to it: an id, or a name. */
                    table?: string;
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["History"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/history/away": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what others did since a device had last seen the workspace. */
        get: {
            parameters: {
                query?: {
                    /** @description How many records each list has at most: 0 to 1,000; 20 when absent. */
                    limit?: number;
                    /** @description What the device had seen then: `now` of an earlier answer. All that others ever did when absent. */
                    since?: string;
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Away"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/history/revert": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a bundle back, where what it wrote still stands. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Revert"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Reverted"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counters and latencies in the text format of Prometheus. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain; version=0.0.4": string;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/overlays/activate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a draft the active one. What was active is stashed. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfOverlay"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/overlays/active": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells which draft is active. */
        get: {
            parameters: {
                query?: {
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ActiveOverlay"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/overlays/commit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Writes what is staged in a draft to the log, as one bundle, and ends the draft. Refused while others have changed
         *     what it changes too, until each such drift is decided.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfOverlay"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/overlays/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a draft and makes it the active one: commands are staged in it from then on, seen here, and reach the log
         *     and the other members once it is committed. What was active is stashed.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CreateOverlay"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/overlays/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what a draft would change, and where it has drifted. */
        get: {
            parameters: {
                query: {
                    /** @description The draft. */
                    overlay_id: string;
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OverlayDiff"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/overlays/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Throws a draft away, with everything that is staged in it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfOverlay"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/overlays/drop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes one edit out of a draft. Refused while a later one works on what it makes. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DropEdit"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/overlays/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the drafts of this device. Nobody else sees them. */
        get: {
            parameters: {
                query?: {
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Overlays"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/overlays/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Decides where a draft has drifted. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ResolveDrift"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/overlays/stash": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Leaves the active draft. It is kept, and can be activated again. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfOverlay"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/peers/connect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Connects to a peer by its address, which is kept for when the connection is lost. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ConnectPeer"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Connected"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/peers/forget": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Dials an address no longer that was given by hand. A connection that stands goes on. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ConnectPeer"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Forgotten"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/peers/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the peers of a workspace. */
        get: {
            parameters: {
                query?: {
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Peers"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/peers/nearby": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells where other engines are heard on this network, for somebody who was invited and looks for the way. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Nearby"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projections/{name}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a projection finish what it is at, and rest until it is resumed or the engine starts again. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The projection */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfWorkspace"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProjectionView"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projections/{name}/rebuild": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lets a projection throw its rows away and make them anew; a paused one does so when it is resumed. Until then they are
         *     not whole: `rebuilding_to` tells how far it has to come.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The projection */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfWorkspace"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProjectionView"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projections/{name}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a projection go on that was paused or has failed. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The projection */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfWorkspace"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProjectionView"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projections/{name}/rows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the rows of a projection. */
        get: {
            parameters: {
                query?: {
                    /** @description Where the page before ended: its `next_cursor`. */
                    cursor?: string;
                    /** @description How many rows: 1 to 1,000; 100 when absent. */
                    limit?: number;
                    /** @description Wait until this event is in the rows, so that what was just recorded is found; at most 5 s. */
                    reached?: number;
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path: {
                    /** @description The projection */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProjectionRows"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projections/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the projections with how far they are and what is wrong with them. */
        get: {
            parameters: {
                query?: {
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProjectionList"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/records/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one record, also a deleted one. By the id of a record that was merged into another, the other is read. */
        get: {
            parameters: {
                query?: {
                    /** @description As it was, without any draft: as the author of this bundle saw it, or as of this time in RFC 3339. */
                    at?: string;
                    /** @description The table: an id, or a name. Needed only when the record is in several. */
                    table?: string;
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path: {
                    /** @description The record. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneRecord"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/records/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what was done to a record and to its edges, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Where the page before ended: its `next_cursor`. */
                    cursor?: string;
                    /** @description Of a record: what was done to this field, an id or a name. */
                    field?: string;
                    /** @description How many bundles: 1 to 1,000; 100 when absent. */
                    limit?: number;
                    /**
                     * @description The table that the field is in: an id, or a name. Needed only when several of the record's tables have one of this
                     *     name.
                     */
                    table?: string;
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path: {
                    /** @description The record. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["History"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/records/attach": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a record one of another table too. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AttachRecord"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/records/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes records. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CreateRecords"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RecordsCreated"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/records/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Deletes a record. It can be restored. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfRecord"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/records/detach": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a record out of a table. Its values stay, and come back should it be attached again. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DetachRecord"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/records/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the records of a table. */
        get: {
            parameters: {
                query: {
                    /** @description As it was, without any draft: as the author of this bundle saw it, or as of this time in RFC 3339. */
                    at?: string;
                    /** @description Where the page before ended: its `next_cursor`. */
                    cursor?: string;
                    /**
                     * @description Which records, in JSON: `{"and"|"or": […]}` of `{field, op, value}`, with `op` one of `=`, `!=`, `<`, `<=`,
                     *     `>`, `>=`, `contains`, `starts_with`, `is_empty`, `in`. All when absent.
                     */
                    filter?: string;
                    /** @description How many: 1 to 1,000; 100 when absent. */
                    limit?: number;
                    /** @description Text that some field must contain, whatever the case. */
                    q?: string;
                    /** @description `field:asc,field:desc`; by creation when absent. Empty fields come last either way. */
                    sort?: string;
                    /** @description The table: an id, or a name. */
                    table: string;
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Records"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/records/merge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Declares two records one. Where they differ, a conflict opens. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["MergeRecords"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/records/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes the deletion of a record back. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfRecord"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/records/split": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Declares one record two, or takes a merge back. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SplitRecord"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RecordSplit"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/records/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sets fields of a record. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["UpdateRecord"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/redo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Does again what was undone last, unless something else was done since. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Step"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Redone"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives the token for a one-time code. The code is good once, and for ten minutes. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OpenSession"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Session"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session/code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a one-time code, for a program that opens a person's browser. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["MakeCode"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Code"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session/proof": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows a page that this is the engine it had: a page that lost its engine asks before it says the token again, for
         *     meanwhile another program may have the port.
         */
        get: {
            parameters: {
                query: {
                    /** @description 64 lower-case hex digits, drawn anew at random each time. */
                    challenge: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Proof"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Applies a bundle that is held because its clock is ahead. One that a newer version wrote stays held. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AcceptBundle"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Released"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stops sync of a workspace until it is resumed. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfWorkspace"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StateOfSync"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes sync of a workspace up again. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfWorkspace"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StateOfSync"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tables/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a table. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CreateTable"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TableCreated"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tables/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Deletes a table. Its records and their values stay, and it can be restored. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DeleteTable"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TableDeleted"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tables/follow": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a reference field follow something else. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["FollowField"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tables/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the tables of a workspace. */
        get: {
            parameters: {
                query?: {
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Tables"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tables/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes the deletion of a table back. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RestoreTable"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tables/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes a table. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["UpdateTable"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TableUpdated"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/text": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gives an editor what it begins with. */
        get: {
            parameters: {
                query: {
                    /** @description The record. */
                    entity_id: string;
                    /** @description The field: an id, or a name. */
                    field: string;
                    /** @description The table: an id, or a name. */
                    table: string;
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TextView"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/text/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Edits a text or a list. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["UpdateText"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/undo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what undo and redo would do next on this device. */
        get: {
            parameters: {
                query?: {
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UndoStackView"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Takes back what was done last on this device and is not taken back yet: in the active draft, else in the log. What
         *     others have changed since stays as it is.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Step"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Undone"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/views/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Saves a view, for the whole team. It goes to the log at once, whatever draft is active. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CreateView"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ViewCreated"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/views/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Deletes a view, for the whole team. It can be restored. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfView"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/views/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the saved views. */
        get: {
            parameters: {
                query?: {
                    /** @description The id of the table that they are of; of all tables when absent. */
                    table?: string;
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Views"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/views/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes the deletion of a view back. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfView"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/views/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes a view. It goes to the log at once, whatever draft is active. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["UpdateView"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Done"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspace/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Creates a workspace. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CreateWorkspace"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Member"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspace/demo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a workspace with a show to look around in, and answers once all of it is in. Only where `GET /workspace/list`
         *     says that this engine has one.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["MakeDemo"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Member"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspace/invite": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes an invitation to a workspace. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfWorkspace"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Invited"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspace/join": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Joins a workspace. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["JoinWorkspace"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Member"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspace/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the workspaces of this engine. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Workspaces"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspace/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells how a workspace stands. */
        get: {
            parameters: {
                query?: {
                    /** @description The workspace; needed only when several are open. */
                    workspace?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspace/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Checks every signature and replays the log. Writes wait meanwhile; reads go on. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OfWorkspace"];
                };
            };
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Verified"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ws": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The WebSocket. First message: `{"type":"hello","token":TOKEN}` within five seconds. Then come messages of the
         *     schema `Event`, the first of them `ready`.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Refused; `code` says why. */
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Failed; `code` says why. */
                "5XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDocument"];
                    };
                };
                /** @description Events follow. */
                101: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A held bundle that a person accepts. */
        AcceptBundle: {
            /** @description The bundle, as `sync.held` of the status names it. */
            bundle: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description The active draft. */
        ActiveOverlay: {
            /** @description Its name; `null` when none is active. */
            name?: string | null;
            /** @description The draft; `null` when none is active. */
            overlay_id?: string | null;
        };
        /** @description An address that was given by hand. */
        AddressView: {
            /** @description The address, as it was given. */
            address: string;
            /** @description Whether that peer is connected. */
            connected: boolean;
            /** @description Who was found there; `null` while nobody was since the engine started. */
            peer_id?: string | null;
        };
        /** @description What was recorded. */
        Appended: {
            /** @description The bundle that holds the events. */
            bundle_id?: string | null;
            /** @description The command. */
            command_id: string;
            /**
             * Format: int64
             * @description How many there are.
             */
            committed_count: number;
            /**
             * Format: int64
             * @description The number of the first event, by this device's count.
             */
            first_sequence_number?: number | null;
            /**
             * Format: int64
             * @description The number of the last event.
             */
            last_sequence_number?: number | null;
            /** @description Whether the command was carried out before, so that nothing was done now. */
            repeated: boolean;
        };
        /** @description Facts to be recorded, all or none. */
        AppendEvents: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The facts, in order. */
            events: components["schemas"]["NewEventBody"][];
            /** @description Streams that must end where they are expected to, those that are only read too. */
            expected_streams?: components["schemas"]["StreamVersionBody"][];
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /**
         * @description Facts to be recorded, all or none, provided that a context has not changed. The context is signed with them, and
         *     every peer checks it against what it knows.
         */
        AppendEventsIf: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description Which events are relevant. */
            context: components["schemas"]["ContextBody"];
            /** @description The facts, in order. */
            events: components["schemas"]["NewEventBody"][];
            /**
             * Format: int64
             * @description The `current_context_version` that was seen; `null` when nothing matched.
             */
            expected_context_version?: number | null;
            /** @description Streams that must end where they are expected to, those that are only read too. */
            expected_streams?: components["schemas"]["StreamVersionBody"][];
            /**
             * Format: int32
             * @description The version of the code that decided; 0 when absent.
             */
            handler_version?: number;
            /** @description What is to happen should facts turn up that were not seen: `surface` (when absent), `compensate` or `lose`. */
            policy?: string | null;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A record that is to be one of another table too. */
        AttachRecord: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The record. */
            entity_id: string;
            /** @description The fields of that table to set. */
            fields?: {
                [key: string]: components["schemas"]["FieldValue"];
            };
            /** @description The table: an id, or a name. */
            table: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A page of the trail. */
        Audit: {
            /** @description The commands, newest first, in the order in which they arrived here. */
            entries: components["schemas"]["AuditEntryView"][];
            /**
             * @description Where the next page begins; `null` on the last. A page that is not the last is short of its limit only if 8,192
             *     commands were looked at in vain, which takes a `table`, an `entity`, or an audit log that is far behind.
             */
            next_cursor?: string | null;
        };
        /** @description What a command was decided on. */
        AuditDecision: {
            /** @description The context query, as it was signed. */
            context: Record<string, never>;
            /**
             * Format: int64
             * @description How many facts it matched.
             */
            count: number;
            /**
             * Format: int32
             * @description The version of the code that decided.
             */
            handler_version: number;
        };
        /** @description A command, as it was signed. */
        AuditEntryView: {
            /** @description Who gave it: a public key in hex. */
            actor_id: string;
            /** @description The approval it refers to. */
            approval_id?: string | null;
            /** @description When, in RFC 3339. */
            at: string;
            /** @description The bundle that makes it authentic. */
            bundle_id: string;
            /** @description The command that caused it. */
            causation_id?: string | null;
            /** @description What it did, of that which was asked for, in order: the first 200 changes, each with its operation. */
            changes: components["schemas"]["PastChangeView"][];
            /**
             * Format: int64
             * @description How many changes there are beyond those.
             */
            changes_omitted: number;
            /** @description The command. */
            command_id: string;
            /** @description Whether other bundles record other facts under the same command id. All of them count. */
            command_reused: boolean;
            /** @description What kind of command, as `records.create`. */
            command_type: string;
            /** @description The conversation that it belongs to. */
            correlation_id?: string | null;
            decision?: components["schemas"]["AuditDecision"] | null;
            /** @description On which device: the log that it is in. */
            device: string;
            /** @description Whether it is held: it is stored and does nothing yet. */
            held: boolean;
            /** @description When, in 24 hex digits. */
            hlc: string;
            /** @description The reason given. */
            justification?: string | null;
            /**
             * Format: int32
             * @description How many operations it came to.
             */
            operations: number;
            /** @description The bundle that it repeats: the same command, given on a device apart. Its facts are kept and do not count. */
            repeats?: string | null;
            /**
             * Format: int64
             * @description Its number in its log, from 1.
             */
            seq: number;
            /** @description Where the command came from. */
            source: string;
        };
        /** @description What others did. */
        Away: {
            /**
             * Format: int64
             * @description How many bundles of others came.
             */
            bundles: number;
            /** @description The open conflicts that have a value that came meanwhile, in order of their ids. */
            conflicts: components["schemas"]["ConflictView"][];
            /** @description What this device has seen now: `since` of a later request. */
            now: string;
            /** @description By person, then by table. */
            parts: components["schemas"]["PartView"][];
            /**
             * Format: int64
             * @description How many of those were not looked at, because there were too many.
             */
            unread: number;
        };
        /** @description The first of many records. */
        AwayRecords: {
            /** @description The first few. */
            first: components["schemas"]["AwayRecordView"][];
            /**
             * Format: int64
             * @description How many there are in all.
             */
            total: number;
        };
        /** @description A record that somebody made, changed or deleted. */
        AwayRecordView: {
            /** @description When, in RFC 3339. */
            at: string;
            /** @description The record. */
            entity_id: string;
            /** @description Of a change: the names of the fields that were written. */
            fields: string[];
            /** @description The value of its first text field that has one; empty if there is none. */
            label: string;
        };
        /** @description A workspace that cannot be opened. */
        Broken: {
            /** @description Why, and what to do. */
            reason: string;
            /** @description The workspace. */
            workspace_id: string;
        };
        /** @description An end of an edge that is no record. */
        BrokenEnd: {
            /** @description `source` or `target`. */
            end: string;
            /** @description `deleted`, or `missing` while the record has not arrived here. */
            reason: string;
        };
        /** @description A reference field that leads nowhere. */
        BrokenReference: {
            /** @description The field's name. */
            field: string;
            /**
             * @description `deleted` or `missing`: the record that it leads to is; `no_field`: the field that it shows is no more; `cycle`: it
             *     leads back to itself.
             */
            reason: string;
        };
        /** @description A bundle: what one command did. */
        BundleView: {
            /** @description Who wrote it: a public key in hex. */
            actor_id: string;
            /** @description The approval it refers to. */
            approval_id?: string | null;
            /** @description The same, in RFC 3339. */
            at: string;
            /** @description The bundle. */
            bundle_id: string;
            /** @description The command that caused it; of an undo, the one that it took back. */
            causation_id?: string | null;
            /** @description What it did, of that which was asked for, in order: the first 200 changes. */
            changes: components["schemas"]["PastChangeView"][];
            /**
             * Format: int64
             * @description How many changes there are beyond those.
             */
            changes_omitted: number;
            /** @description The command that led to it. */
            command_id: string;
            /** @description What kind of command, as `records.create`. */
            command_type: string;
            /** @description The conversation that the command belongs to. */
            correlation_id?: string | null;
            /** @description Whether it is held: it is stored and does nothing yet. */
            held: boolean;
            /** @description When it was written, in 24 hex digits. */
            hlc: string;
            /** @description The reason given. */
            justification?: string | null;
            /** @description The log that it is in. */
            log: string;
            /**
             * Format: int32
             * @description How many operations it holds.
             */
            operations: number;
            /**
             * Format: int64
             * @description Its number in that log, from 1.
             */
            seq: number;
            /** @description Where the command came from. */
            source: string;
        };
        /** @description What others wrote to a cell. */
        CanonicalValue: {
            /** @description Who wrote it: a public key in hex. */
            actor_id: string;
            /** @description When, in RFC 3339. */
            at: string;
            /** @description When, in 24 hex digits. */
            hlc: string;
            /** @description By which operation. */
            op_id: string;
            /** @description The value. */
            value: components["schemas"]["FieldValue"];
        };
        /** @description A cell: what there is about a record or an edge. */
        CellView: {
            /** @description The edge; `null` when it is about a record. */
            edge_id?: string | null;
            /** @description The record; `null` when it is about an edge. */
            entity_id?: string | null;
            /** @description The name of the field or property; `null` when it is about neither. */
            field?: string | null;
            /** @description `field`, `property` (of an edge), `existence`, `membership` (in a table) or `place` (of an ordered edge). */
            kind: string;
            /** @description The table's name; `null` when it is about none. */
            table?: string | null;
            /** @description The table's id; `null` when it is about none. */
            table_id?: string | null;
        };
        /** @description A stream that does not end where it was expected to. */
        ChangedStream: {
            /**
             * Format: int64
             * @description How many it has.
             */
            actual_version: number;
            /**
             * Format: int64
             * @description How many events it was expected to have.
             */
            expected_version: number;
            /** @description The stream. */
            stream: string;
        };
        /** @description A cell that an edit writes. */
        ChangeView: components["schemas"]["CellView"] & {
            /** @description What the edit writes; of existence and membership, `true` or `false`. */
            after: components["schemas"]["FieldValue"];
            /** @description What stands there without the draft. */
            before: components["schemas"]["FieldValue"];
        };
        /** @description One thing that was checked. */
        CheckView: {
            /** @description What to do; `null` when there is nothing to do. */
            advice?: string | null;
            /** @description What was seen; `null` when there is nothing to add. */
            detail?: string | null;
            /**
             * @description Which: `interfaces`, `multicast`, `discovery`, `sync_port`, `sync`, `members`, `address:HOST:PORT`, `clock`,
             *     `versions`, `in_step`, `peer`.
             */
            id: string;
            /** @description `ok`, `warn`, `fail` or `skipped`. */
            status: string;
            /** @description The verdict in a few words. */
            title: string;
        };
        /** @description How far a log is applied. */
        ClockEntry: {
            /** @description Who writes it. */
            actor: string;
            /** @description The same, in RFC 3339. */
            at: string;
            /** @description Of a log that forked: the hash of the bundle with which this branch begins; `null` otherwise. */
            branch?: string | null;
            /** @description The time of its last operation, in 24 hex digits. */
            hlc: string;
            /** @description The log. */
            log: string;
            /**
             * Format: int64
             * @description The number of its last bundle.
             */
            seq: number;
        };
        /** @description A new one-time code. */
        Code: {
            /** @description The code. */
            code: string;
            /** @description What a person's browser opens: it carries the code in its fragment. */
            open_url: string;
        };
        /** @description Who asks, and why: kept with the change for good. The same `command_id` and body again gets the same answer. */
        CommandEnvelope: {
            /** @description The approval it refers to. */
            approval_id?: string | null;
            /** @description The command that caused it; a UUID. */
            causation_id?: string | null;
            /** @description Names the command; a UUID. One is made when it is absent. */
            command_id?: string | null;
            /** @description The conversation it belongs to; a UUID. */
            correlation_id?: string | null;
            /** @description The reason given. */
            justification?: string | null;
            /** @description Where it comes from: a program or a part of one. `http` when absent. */
            source?: string | null;
        };
        /** @description The conflicts of a workspace. */
        Conflicts: {
            /** @description In order of their ids. */
            conflicts: components["schemas"]["ConflictView"][];
        };
        /** @description What one side wrote. */
        ConflictValue: {
            /** @description Who wrote it: a public key in hex. */
            actor_id: string;
            /** @description When, in RFC 3339. */
            at: string;
            /** @description The field that it was written to; `null` when it was the record's existence or its place in a table. */
            field?: string | null;
            /** @description When, in 24 hex digits. */
            hlc: string;
            /** @description By which operation: what `POST /conflicts/resolve` picks. */
            op_id: string;
            /** @description The value; `false` for a deletion. `null` where the field was emptied. */
            value: components["schemas"]["FieldValue"];
        };
        /** @description Where people wrote without having seen each other, and the results differ. */
        ConflictView: {
            /** @description The conflict: the same id on every peer. */
            conflict_id: string;
            /** @description The edge; `null` when it is about a record. */
            edge_id?: string | null;
            /** @description The record; `null` when it is about an edge. */
            entity_id?: string | null;
            /** @description The name of the field or property; `null` when it is about neither. */
            field?: string | null;
            /**
             * @description `field`, `property` (of an edge), `existence` (deleted and restored), `membership` (in a table and out of it) or
             *     `deletion` (deleted and edited).
             */
            kind: string;
            /** @description The operation whose value is shown meanwhile. */
            shown: string;
            /** @description `open`. */
            status: string;
            /** @description The name of its table; `null` when it is about a table, a field or the workspace itself. */
            table?: string | null;
            /** @description The id of its table; `null` when it is about a table, a field or the workspace itself. */
            table_id?: string | null;
            /** @description What was written, in ascending order of time. */
            values: components["schemas"]["ConflictValue"][];
        };
        /** @description A peer that is connected. */
        Connected: {
            /** @description Who it is: a public key in hex. */
            peer_id: string;
        };
        /** @description An address of a peer. */
        ConnectPeer: {
            /** @description Where it is: `HOST:PORT`. */
            address: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A set of events: those that match one of the filters; all without. */
        ContextBody: {
            /** @description The alternatives. */
            filters?: components["schemas"]["EventFilterBody"][];
        };
        /** @description An edge to be made. */
        CreateEdge: {
            /** @description The edge that is to stand just before it. */
            after?: string | null;
            /** @description The edge that is to stand just behind it. */
            before?: string | null;
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description What it means. */
            edge_type: string;
            /**
             * @description Whether it has a place among the edges of the same type from the same record: at their end, unless `after`
             *     or `before` is given, which alone make it ordered too. It stays what it is made.
             */
            ordered?: boolean | null;
            /** @description Its properties, by name. */
            properties?: {
                [key: string]: components["schemas"]["FieldValue"];
            };
            /** @description The record where it starts. */
            source: string;
            /** @description The record where it ends. */
            target: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A draft to be made. */
        CreateOverlay: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description Its name. */
            name: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description Records to be made: one by `fields`, or many by `records`, all or none. */
        CreateRecords: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The fields of one record. */
            fields?: {
                [key: string]: components["schemas"]["FieldValue"];
            } | null;
            /** @description The fields of each of many records, in order. */
            records?: {
                [key: string]: components["schemas"]["FieldValue"];
            }[] | null;
            /** @description The table: an id, or a name. */
            table: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A table to be made. */
        CreateTable: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description Its fields, in order. */
            fields?: components["schemas"]["FieldToMake"][];
            /** @description Its name, unique in the workspace. */
            name: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A view to be saved. */
        CreateView: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description Its name; others may have the same. */
            name: string;
            /**
             * @description How it shows the table: up to 64 KiB of text, which only those who show it understand. The workspace app writes JSON
             *     with a `version`.
             */
            settings: string;
            /** @description The table: an id, or a name. It must be in the log: no table that is only in a draft. */
            table: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A workspace to be created. */
        CreateWorkspace: {
            /** @description Its name: up to 200 bytes. */
            name: string;
        };
        /** @description Two fields to be decided on. */
        DecideMapping: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The table of the one: an id, or a name. */
            facet_a: string;
            /** @description The table of the other: an id, or a name. */
            facet_b: string;
            /** @description The one: an id, or a name. */
            field_a: string;
            /** @description The other: an id, or a name. */
            field_b: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description The decision conflicts of a workspace. */
        DecisionConflicts: {
            /** @description In the order in which the decisions were taken, alike on every device. */
            conflicts: components["schemas"]["DecisionConflictView"][];
        };
        /** @description A decision that had not seen facts which it should have, or whose author is at fault. */
        DecisionConflictView: {
            /** @description Who decided: a public key in hex. */
            actor_id: string;
            /** @description When, in RFC 3339. */
            at: string;
            /** @description The command. */
            command_id: string;
            /** @description What kind of command decided. */
            command_type: string;
            /** @description What was relevant to it: a query, as it was signed. */
            context: Record<string, never>;
            /** @description The bundle in which it was taken, which also names the conflict: the same id on every device. */
            decision_id: string;
            /**
             * Format: int32
             * @description The version of the code that decided.
             */
            handler_version: number;
            /** @description When, in 24 hex digits. */
            hlc: string;
            /** @description The reason given. */
            justification?: string | null;
            /**
             * @description `mutual` when it and another decision passed each other, `stale` when it alone had not seen, `faulty` when what
             *     its author says to have seen is not so.
             */
            kind: string;
            /** @description Under the policy `lose`: whether it has lost, alike on every device. */
            lost: boolean;
            /** @description Whether it and another decision passed each other. */
            mutual: boolean;
            /** @description What it recorded. */
            own: components["schemas"]["EventView"][];
            /** @description The decisions that it passed. */
            passed: string[];
            /** @description What is to happen to it: `surface`, `compensate` or `lose`. */
            policy: string;
            /** @description What its author got wrong; `null` when he is not at fault. */
            problem?: string | null;
            resolution?: components["schemas"]["ResolutionView"] | null;
            /** @description Whether every log that is known here has seen the decision, so that no more can turn up from these. */
            settled: boolean;
            /** @description `open`, `reopened` (facts turned up that had not been considered) or `resolved`. */
            status: string;
            /** @description What it had not seen and should have. */
            unseen: components["schemas"]["UnseenView"][];
        };
        /** @description What was done. */
        DeedView: (components["schemas"]["Write"] & {
            /** @enum {string} */
            deed: "wrote";
        }) | {
            /** @enum {string} */
            deed: "related";
            /** @description The edge. */
            edge_id: string;
            /** @description What it means. */
            edge_type: string;
            /** @description The record where it starts. */
            source: string;
            /** @description The record where it ends. */
            target: string;
        } | {
            /** @description The one that becomes another name for it. */
            absorbed: string;
            /** @enum {string} */
            deed: "merged";
            /** @description The one that stays. */
            survivor: string;
        } | {
            /** @enum {string} */
            deed: "split";
            /** @description What became one of its own. */
            new: string;
            /** @description The record. */
            source: string;
        } | (components["schemas"]["MappingView"] & {
            /** @enum {string} */
            deed: "mapping_confirmed";
        }) | (components["schemas"]["MappingView"] & {
            /** @enum {string} */
            deed: "mapping_rejected";
        }) | (components["schemas"]["Edit"] & {
            /** @enum {string} */
            deed: "edited";
        }) | {
            /** @enum {string} */
            deed: "recorded";
            /** @description What kind of fact. */
            fact_type: string;
        } | {
            /** @enum {string} */
            deed: "unreadable";
            /** @description Why. */
            reason: string;
        };
        /** @description A table to be deleted. */
        DeleteTable: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The table: an id, or a name. */
            table: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A record that is to be one of a table no longer. */
        DetachRecord: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The record. */
            entity_id: string;
            /** @description The table: an id, or a name. */
            table: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description What a command led to. */
        Done: {
            /** @description The bundle that it became; `null` when it was staged in a draft. */
            bundle_id?: string | null;
            /** @description The command. */
            command_id: string;
            /** @description The draft that it was staged in, or that it was about; `null` when it was written at once. */
            overlay_id?: string | null;
        };
        /** @description A cell that both the draft and others wrote. */
        DriftView: components["schemas"]["CellView"] & {
            /** @description What stands there now, in ascending order of time: the last is shown. */
            canonical: components["schemas"]["CanonicalValue"][];
            /** @description What the draft says; `null` too where it edits something that was deleted meanwhile. */
            mine: components["schemas"]["FieldValue"];
        };
        /** @description An edit to be taken out of a draft. */
        DropEdit: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /**
             * Format: int64
             * @description The edit: its number.
             */
            edit_id: number;
            /** @description The draft. */
            overlay_id: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description An open conflict of an edge. */
        EdgeConflict: {
            /** @description The conflict. */
            conflict_id: string;
            /** @description `property`, `existence` or `deletion`. */
            kind: string;
            /** @description The property's name; `null` when it is not about a property. */
            property?: string | null;
        };
        /** @description An edge that was made. */
        EdgeCreated: components["schemas"]["Done"] & {
            /** @description The edge. */
            edge_id: string;
        };
        /** @description A kind of edge. */
        EdgeKind: {
            /** @description The type of its edges. */
            edge_type: string;
            /**
             * Format: int64
             * @description How many edges there are of it.
             */
            edges: number;
        };
        /** @description The kinds of edge that are in use. */
        EdgeKinds: {
            /** @description The most used first, then by name. */
            kinds: components["schemas"]["EdgeKind"][];
        };
        /** @description The edges of a record. */
        Edges: {
            /** @description Outgoing ones first; each way, ordered ones by type and place, then the others in order of their ids. */
            edges: components["schemas"]["EdgeView"][];
            /** @description Where the next page begins; `null` on the last one. */
            next_cursor?: string | null;
        };
        /** @description A directed relation between two records. */
        EdgeView: {
            /** @description The ends that are no record, source first; empty for an edge that is whole. */
            broken: components["schemas"]["BrokenEnd"][];
            /** @description Its open conflicts. */
            conflicts: components["schemas"]["EdgeConflict"][];
            /** @description The edge. */
            edge_id: string;
            /** @description What it means. */
            edge_type: string;
            /** @description Whether it has a place among its siblings. */
            ordered: boolean;
            /** @description Its properties that have a value, by name. */
            properties: {
                [key: string]: components["schemas"]["FieldValue"];
            };
            /** @description The record where it starts. */
            source: string;
            /** @description The record where it ends. */
            target: string;
        };
        /** @description An edit of a text or a list. */
        Edit: components["schemas"]["CellView"] & {
            /** @description The length of the delta in bytes. */
            bytes: number;
        };
        /** @description What one command staged. */
        EditView: {
            /** @description When it was staged, in RFC 3339. */
            at: string;
            /** @description What it writes, in order. */
            changes: components["schemas"]["ChangeView"][];
            /** @description What kind of command, as `records.create`. */
            command_type: string;
            /**
             * Format: int64
             * @description The edit: its number in the draft, from 1.
             */
            edit_id: number;
            /** @description Whether it has been undone. */
            undone: boolean;
        };
        /** @description An event on the WebSocket. */
        Event: {
            /** @enum {string} */
            type: "ready";
        } | {
            /** @description The records; `null` when there are more than 1,000, and when fields of the table follow what changed. */
            entity_ids?: string[] | null;
            /** @description The table's id. */
            table: string;
            /** @enum {string} */
            type: "records_changed";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @description The edges; `null` when there are more than 1,000. */
            edge_ids?: string[] | null;
            /** @enum {string} */
            type: "edges_changed";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @enum {string} */
            type: "tables_changed";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @enum {string} */
            type: "views_changed";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @enum {string} */
            type: "workspaces_changed";
        } | {
            /** @description The drafts; `null` when there are more than 1,000. */
            overlay_ids?: string[] | null;
            /** @enum {string} */
            type: "overlays_changed";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @description The draft. */
            overlay_id: string;
            /** @description The records and edges; `null` when there are more than 1,000. */
            subject_ids?: string[] | null;
            /** @enum {string} */
            type: "overlay_drift";
            /** @description The workspace. */
            workspace: string;
        } | {
            redo?: components["schemas"]["UndoStepView"] | null;
            /** @enum {string} */
            type: "undo_stack";
            undo?: components["schemas"]["UndoStepView"] | null;
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @description The conflict. */
            conflict_id: string;
            /** @description The edge; `null` when it is about a record. */
            edge_id?: string | null;
            /** @description The record; `null` when it is about an edge. */
            entity_id?: string | null;
            /** @description The name of the field or property; `null` when it is about neither. */
            field?: string | null;
            /** @description `field`, `property` (of an edge), `existence`, `membership` or `deletion`. */
            kind: string;
            /** @enum {string} */
            type: "conflict_opened";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @description The conflict. */
            conflict_id: string;
            /** @description The edge; `null` when it was about a record. */
            edge_id?: string | null;
            /** @description The record; `null` when it was about an edge. */
            entity_id?: string | null;
            /** @description The name of the field or property; `null` when it was about neither. */
            field?: string | null;
            /** @description `field`, `property` (of an edge), `existence`, `membership` or `deletion`. */
            kind: string;
            /** @enum {string} */
            type: "conflict_resolved";
            /** @description The workspace. */
            workspace: string;
        } | {
            /**
             * Format: int64
             * @description The number of the first.
             */
            first_sequence_number: number;
            /**
             * Format: int64
             * @description The number of the last.
             */
            last_sequence_number: number;
            /** @enum {string} */
            type: "events_appended";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @description The decision. */
            decision_id: string;
            /** @enum {string} */
            type: "decision_conflict_opened";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @description The decision. */
            decision_id: string;
            /** @enum {string} */
            type: "decision_conflict_resolved";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @description The peer. */
            peer_id: string;
            /** @enum {string} */
            type: "sync_peer_connected";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @description The peer. */
            peer_id: string;
            /** @enum {string} */
            type: "sync_peer_disconnected";
            /** @description The workspace. */
            workspace: string;
        } | {
            /**
             * Format: int64
             * @description How many bundles are still to come.
             */
            remaining: number;
            /** @enum {string} */
            type: "sync_progress";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @description What is wrong; `null` unless the state is `problem`. */
            reason?: string | null;
            /** @description `alone`, `looking`, `live`, `catching_up`, `paused` or `problem`. */
            state: string;
            /** @enum {string} */
            type: "sync_state";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @description Who writes the log. */
            actor_id: string;
            /** @description The log. */
            log: string;
            /**
             * Format: int64
             * @description The number of the first bundle that exists twice.
             */
            seq: number;
            /** @enum {string} */
            type: "fork_detected";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @description The peer. */
            peer_id: string;
            /**
             * Format: int64
             * @description By how many milliseconds its clock is ahead.
             */
            skew_ms: number;
            /** @enum {string} */
            type: "clock_suspect";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @description The peer. */
            peer_id: string;
            /** @enum {string} */
            type: "divergence_detected";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @description The peer. */
            peer_id: string;
            /** @description Why. */
            reason: string;
            /** @enum {string} */
            type: "sync_rejected";
            /** @description The workspace. */
            workspace: string;
        } | {
            /** @enum {string} */
            type: "resync";
        };
        /** @description Which events match: those that fulfil all that is given here. */
        EventFilterBody: {
            /** @description One of these types; an empty list matches nothing. */
            event_types?: string[] | null;
            /** @description A payload that contains one of these; an empty list matches nothing. */
            payload_predicates?: Record<string, never>[] | null;
        };
        /** @description What a query found, at one moment. */
        EventsFound: {
            /**
             * Format: int64
             * @description The highest number among all that match; `null` when none does.
             */
            current_context_version?: number | null;
            /** @description The events, by sequence number. */
            event_records: components["schemas"]["EventView"][];
            /**
             * Format: int64
             * @description The highest number among those returned; `null` when there are none.
             */
            last_returned_sequence_number?: number | null;
        };
        /** @description A recorded fact. */
        EventView: {
            /** @description Who recorded it: a public key in hex. */
            actor_id: string;
            /** @description The same. */
            at: string;
            /** @description Its bundle. */
            bundle_id: string;
            /** @description What kind of fact. */
            event_type: string;
            /** @description When, in 24 hex digits. */
            hlc: string;
            /** @description Where it comes from, as whoever recorded it says. */
            metadata: Record<string, never>;
            /** @description When, in RFC 3339. */
            occurred_at: string;
            /** @description The operation that recorded it: its id on every device. */
            op_id: string;
            /** @description What happened. */
            payload: Record<string, never>;
            /**
             * Format: int64
             * @description Its place in the order in which this device applied events. Other devices count in another order.
             */
            sequence_number: number;
            /** @description Its streams, and where it stands in them by this device's count. */
            streams: components["schemas"]["StreamVersionBody"][];
        };
        /** @description What the doctor found. */
        Examination: {
            /** @description When it was looked, in RFC 3339. */
            checked_at: string;
            /**
             * @description The checks, from the cable to the other device. The one with the id `peer` answers for the peer that was
             *     asked about.
             */
            checks: components["schemas"]["CheckView"][];
            /** @description The peers that were ever met, as far as they are remembered. */
            peers: components["schemas"]["PeerExamined"][];
            /** @description The worst of the checks: `ok`, `warn` or `fail`. */
            status: string;
        };
        /** @description The field mappings of a workspace. */
        FieldMappings: {
            /** @description The pairs that somebody confirmed: they are one. */
            confirmed: components["schemas"]["MappingView"][];
            /** @description The pairs that somebody rejected: they are not suggested again. */
            rejected: components["schemas"]["MappingView"][];
            /**
             * @description The pairs that nobody has decided on: same type, same name apart from case, spaces and punctuation, and a
             *     record that is in both tables.
             */
            suggested: components["schemas"]["MappingView"][];
        };
        /** @description A field to be made. */
        FieldToMake: {
            /** @description `discrete` (the default): it holds its own value. `reference`: it shows that of another record's field. */
            mode?: string | null;
            /** @description Its name, unique in its table. */
            name: string;
            /** @description What an enum field can hold, in order. */
            options?: string[];
            reference?: components["schemas"]["ReferenceToMake"] | null;
            /**
             * @description `text`, `integer`, `float`, `boolean`, `date`, `datetime`, `duration`, `enum`, `entity`, `blob`, or `crdt_text` or
             *     `crdt_list`, which several people edit at once. A reference field has none: it has that of what it follows.
             */
            type?: string | null;
        };
        /**
         * @description A field's value. By the field's type: text, enum options, dates `"2026-11-21"`, datetimes in RFC 3339 and
         *     durations `"PT1H30M"` are strings; integers lie within ±(2⁵³−1). An empty field is `null`.
         */
        FieldValue: null | string | number | boolean | {
            /** @description Its id. */
            entity: string;
        } | {
            /** @description The hash of its content: 64 hex digits. */
            blob: string;
            /** @description Its media type. */
            mime: string;
            /** @description Its file name. */
            name: string;
            /**
             * Format: int64
             * @description Its length in bytes.
             */
            size: number;
        } | components["schemas"]["Value"][];
        /** @description A field of a table. */
        FieldView: {
            /** @description The field. */
            field_id: string;
            /** @description `discrete` or `reference`. */
            mode: string;
            /** @description Its name, unique in its table. */
            name: string;
            /** @description What an enum field can hold, in order; empty for other types. */
            options: string[];
            reference?: components["schemas"]["ReferenceView"] | null;
            /** @description Its type. */
            type: string;
        };
        /** @description A reference field that is to follow something else. */
        FollowField: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The field: an id, or a name. */
            field: string;
            /** @description What it is to follow. */
            reference: components["schemas"]["ReferenceToMake"];
            /** @description The table: an id, or a name. */
            table: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A bundle whose signature is not its author's. */
        ForgedView: {
            /**
             * Format: int64
             * @description Its place in the order of arrival, from 1.
             */
            position: number;
            /** @description What is wrong with it. */
            reason: string;
        };
        /** @description Whether an address was forgotten. */
        Forgotten: {
            /** @description False when it was not among those given by hand. */
            forgotten: boolean;
        };
        /** @description A log that contradicts itself. */
        ForkView: {
            /** @description Who writes it. */
            actor_id: string;
            /** @description The log. */
            log: string;
            /**
             * Format: int64
             * @description The number of the first bundle that exists twice.
             */
            seq: number;
        };
        /** @description The engine runs. */
        Health: {
            /** @description How many workspaces are there and cannot be opened. */
            broken_workspaces: number;
            /** @description How its projections are. */
            projections: components["schemas"]["ProjectionsHealth"];
            /**
             * @description `ok`; `degraded` when a workspace cannot be opened or a projection needs somebody to look after it. An engine that
             *     does not run gives no answer.
             */
            status: string;
            /** @description The version of the program. */
            version: string;
            /** @description How many workspaces are open. */
            workspaces: number;
        };
        /** @description A bundle that is stored and not applied. */
        HeldView: {
            /** @description Who wrote it. */
            actor_id: string;
            /** @description The bundle. */
            bundle: string;
            /**
             * @description `future` (its clock is ahead of ours; `POST /sync/accept` applies it at once), `needs_newer_version`, or
             *     `builds_on_held`.
             */
            reason: string;
            /** @description Of a future one: when it will be applied, in RFC 3339; `null` otherwise. */
            until?: string | null;
        };
        /** @description A page of the history. */
        History: {
            /** @description The bundles, newest first, in the order in which they arrived here. */
            bundles: components["schemas"]["BundleView"][];
            /** @description Where the next page begins; `null` on the last. A page can be short of its limit, or empty, and not be the last. */
            next_cursor?: string | null;
        };
        /** @description An invitation. */
        Invited: {
            /** @description The text to pass on. Whoever has it can read and edit everything. */
            invitation: string;
        };
        /** @description A workspace to be joined. */
        JoinWorkspace: {
            /**
             * @description Where a member can be reached: `HOST:PORT`. When it is given and no member answers there within ten
             *     seconds, nothing is joined.
             */
            address?: string | null;
            /** @description The text that was passed on, in any case and grouping. */
            invitation: string;
        };
        /** @description Asks for nothing. */
        MakeCode: Record<string, never>;
        /** @description Asks for nothing. */
        MakeDemo: Record<string, never>;
        /** @description Two fields of two tables. */
        MappingView: {
            /** @description The table of the one. */
            facet_a: string;
            /** @description The table of the other. */
            facet_b: string;
            /** @description The one. */
            field_a: string;
            /** @description The other. */
            field_b: string;
            /** @description Its name; `null` when the field is no more. */
            field_name_a?: string | null;
            /** @description Its name; `null` when the field is no more. */
            field_name_b?: string | null;
            /** @description Its name; `null` when the table is no more. */
            table_name_a?: string | null;
            /** @description Its name; `null` when the table is no more. */
            table_name_b?: string | null;
        };
        /** @description A workspace that this engine is a member of. */
        Member: {
            /** @description Who writes here: a public key in hex. */
            actor_id: string;
            /** @description Its name. */
            name: string;
            /** @description The workspace. */
            workspace_id: string;
        };
        /** @description Two records that are one. */
        MergeRecords: {
            /** @description The record that becomes another name for it. */
            absorbed: string;
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The record that stays. */
            survivor: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description The engines near. */
        Nearby: {
            /**
             * @description Where engines answer that announce none of the workspaces open here: one address of each, in ascending order,
             *     and of a crowd only some. What they are called and what they have is told to members alone.
             */
            addresses: string[];
            /** @description Whether engines are listened for at all. */
            listening: boolean;
        };
        /** @description A fact to be recorded. */
        NewEventBody: {
            /** @description What kind of fact, such as `person_booked`; what begins with `openprod.` is reserved. */
            event_type: string;
            /** @description What happened: any JSON of at most 1 MiB, 64 levels deep, without whole numbers beyond ±(2⁵³ − 1). */
            payload: Record<string, never>;
            /** @description The streams it belongs to, each once. */
            streams?: string[];
        };
        /** @description An edge to be deleted or restored. */
        OfEdge: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The edge. */
            edge_id: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A draft that something is to be done to. */
        OfOverlay: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The draft. */
            overlay_id: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A record to be deleted or restored. */
        OfRecord: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The record. */
            entity_id: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A view that something is to be done to. */
        OfView: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The view. */
            view_id: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A request about a workspace that says nothing more. */
        OfWorkspace: {
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A record, and where it stands. */
        OneRecord: components["schemas"]["RecordView"] & {
            /** @description All ids that it goes by: its own first, then those of the records that were merged into it, in order. */
            aliases: string[];
            /** @description Whether it is deleted. */
            deleted: boolean;
            /** @description The table whose fields are given. */
            table_id: string;
            /** @description The tables that it is in, or was in before it was deleted. */
            table_ids: string[];
        };
        /** @description A one-time code. */
        OpenSession: {
            /** @description The code. */
            code: string;
        };
        /** @description What a draft would change. */
        OverlayDiff: {
            /**
             * @description The cells that others have changed since the draft did: each is to be decided before the draft can be
             *     committed.
             */
            drifts: components["schemas"]["DriftView"][];
            /** @description Its edits, in order; undone ones too. */
            edits: components["schemas"]["EditView"][];
            /** @description Its name. */
            name: string;
            /** @description The draft. */
            overlay_id: string;
        };
        /** @description The drafts of this device. */
        Overlays: {
            /** @description In order of their making. */
            overlays: components["schemas"]["OverlayView"][];
        };
        /** @description A draft. */
        OverlayView: {
            /** @description Whether it is the active one. */
            active: boolean;
            /** @description When it was made, in RFC 3339. */
            created: string;
            /** @description How many cells others have changed that it changes too. */
            drifts: number;
            /** @description How many edits are staged in it; those that were undone are not counted. */
            edits: number;
            /** @description Its name. */
            name: string;
            /** @description The draft. */
            overlay_id: string;
        };
        /** @description What one person did in one table. */
        PartView: {
            /** @description `records`; or `tables`, `fields`, `views` or `workspace`, when it is these that changed. */
            about: string;
            /** @description Who: a public key in hex. */
            actor_id: string;
            /** @description Records that were there before and changed, the newest change first. */
            changed: components["schemas"]["AwayRecords"];
            /** @description Records that were made, the newest first. */
            created: components["schemas"]["AwayRecords"];
            /** @description Records that were deleted and still are, the newest first. */
            deleted: components["schemas"]["AwayRecords"];
            /**
             * Format: int64
             * @description How many edges were made, changed or deleted.
             */
            edges: number;
            /** @description The table's name; `null` when it is about none. */
            table?: string | null;
            /** @description The table's id; `null` when it is about none. */
            table_id?: string | null;
        };
        /** @description One thing that an operation did. */
        PastChangeView: components["schemas"]["DeedView"] & {
            /** @description The operation; one can do several things. */
            op_id: string;
            /** @description Whether what it wrote is what is shown now. */
            shown: boolean;
        };
        /** @description A peer, and why it is not connected. */
        PeerExamined: components["schemas"]["PeerView"] & {
            reason?: components["schemas"]["CheckView"] | null;
        };
        /** @description The peers of a workspace. */
        Peers: {
            /**
             * @description The addresses that were given by hand, in order. They are dialled, also after a restart, until they are
             *     forgotten.
             */
            addresses: components["schemas"]["AddressView"][];
            /** @description Those that were ever met, as far as they are remembered, in order of their keys. */
            peers: components["schemas"]["PeerView"][];
        };
        /** @description A peer. */
        PeerView: {
            /** @description Where it is, or was. */
            address: string;
            /**
             * Format: int64
             * @description How many bundles of it are still to come.
             */
            ahead: number;
            /**
             * Format: int64
             * @description How many bundles it lacks.
             */
            behind: number;
            /** @description Whether it is connected. */
            connected: boolean;
            /**
             * Format: int32
             * @description The rules by which it derives its state; `null` before it has said so.
             */
            derivation?: number | null;
            /** @description Whether its announcement is heard on the network at present. */
            heard: boolean;
            /** @description When it was last connected, in RFC 3339: now, while it is. */
            last_seen?: string | null;
            /** @description What its device is called. */
            name: string;
            /** @description Who it is: a public key in hex. */
            peer_id: string;
            /** @description What went wrong with it last; `null` while all is well. */
            problem?: string | null;
            /**
             * Format: int32
             * @description The protocol that it speaks; `null` before it has said so.
             */
            protocol?: number | null;
            /**
             * Format: int64
             * @description By how many milliseconds its clock is ahead of this one.
             */
            skew_ms: number;
        };
        /**
         * @description Names a kind of refusal; its spelling never changes.
         * @enum {string}
         */
        ProblemCode: "malformed_json" | "wrong_shape" | "bad_query" | "bad_id" | "bad_filter" | "bad_cursor" | "workspace_required" | "unauthorized" | "bad_code" | "forbidden_host" | "forbidden_origin" | "unknown_route" | "no_workspace" | "unknown_workspace" | "unknown_table" | "unknown_view" | "unknown_record" | "unknown_edge" | "unknown_overlay" | "unknown_edit" | "unknown_conflict" | "unknown_decision" | "unknown_bundle" | "unknown_projection" | "method_not_allowed" | "request_timeout" | "command_reused" | "context_changed" | "streams_changed" | "facts_not_drafted" | "decision_resolved" | "record_deleted" | "record_not_deleted" | "already_in_table" | "edge_deleted" | "edge_not_deleted" | "crossed_places" | "already_one" | "not_merged" | "overlay_not_active" | "edit_needed" | "not_drifted" | "open_drift" | "held_bundle" | "nothing_taken_back" | "nothing_to_undo" | "nothing_to_redo" | "projection_running" | "projection_paused" | "already_joined" | "unwritable" | "too_large" | "not_json" | "bad_fact" | "bad_context" | "not_unseen" | "wrong_type" | "integer_out_of_range" | "unknown_field" | "unknown_field_type" | "reference_needed" | "reference_cycle" | "followed_field" | "text_field" | "not_text" | "bad_delta" | "bad_name" | "not_in_table" | "ambiguous_table" | "only_table" | "nothing_left" | "not_ordered" | "foreign_edge" | "unmappable" | "nothing_to_do" | "unknown_candidate" | "envelope_too_long" | "bad_invitation" | "bad_address" | "unsupported" | "upgrade_required" | "rate_limited" | "busy" | "internal" | "storage_failed" | "peer_unreachable" | "projections_failed" | "projection_behind" | "closed" | "read_only" | "disk_full";
        /** @description A refusal: what was refused and why, and what a person needs to go on. Members that do not apply are absent. */
        ProblemDocument: {
            /**
             * Format: int64
             * @description The context version that there is; `null` when nothing matches.
             */
            actual_context_version?: number | null;
            /** @description The bundle concerned. */
            bundle_id?: string | null;
            /** @description The stable name of the kind of refusal. */
            code: components["schemas"]["ProblemCode"];
            /** @description The column of the body that is at fault, from 1. */
            column?: number | null;
            /** @description The command concerned. */
            command_id?: string | null;
            /** @description What happened this time. */
            detail: string;
            /** @description The edge concerned. */
            edge_id?: string | null;
            /** @description The record concerned. */
            entity_id?: string | null;
            /** @description What is taken there. */
            expected?: string | null;
            /**
             * Format: int64
             * @description The context version that was expected; `null` when none was.
             */
            expected_context_version?: number | null;
            /** @description The member or field that is at fault. */
            field?: string | null;
            /** @description What was given. */
            found?: string | null;
            /** @description What there is instead, in words. */
            known?: string | null;
            /** @description How large it may be. */
            limit?: number | null;
            /** @description The line of the body that is at fault, from 1. */
            line?: number | null;
            /** @description The operation concerned. */
            op_id?: string | null;
            /** @description The draft concerned. */
            overlay_id?: string | null;
            /** @description The stable name of the closer reason. */
            reason?: string | null;
            /**
             * Format: int64
             * @description After how many milliseconds it is worth trying again.
             */
            retry_after_ms?: number | null;
            /** @description How large it is. */
            size?: number | null;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description The streams that have changed. */
            streams?: components["schemas"]["ChangedStream"][] | null;
            /** @description The table concerned. */
            table?: string | null;
            /** @description What it is, in a few words. */
            title: string;
            /** @description A URI for the kind of refusal. */
            type: string;
            /** @description The workspaces that are open. */
            workspaces?: string[] | null;
        };
        /** @description The projections of a workspace. */
        ProjectionList: {
            /** @description All of them, by name. */
            projections: components["schemas"]["ProjectionView"][];
        };
        /** @description Rows of a projection. */
        ProjectionRows: {
            /** @description Where the next page begins; `null` on the last. */
            next_cursor?: string | null;
            /**
             * Format: int64
             * @description Everything up to this event is in the rows; `null` before the first.
             */
            position?: number | null;
            /**
             * @description The rows, in the order of the projection: `event_types` by type, `event_streams` by stream, `audit_log` newest
             *     first.
             */
            rows: Record<string, never>[];
        };
        /** @description How the projections of all open workspaces are, in short. */
        ProjectionsHealth: {
            /** @description How many there are. */
            count: number;
            /**
             * Format: int64
             * @description How many events the one that is furthest behind has not looked at, as far as it knows.
             */
            lag_max: number;
            /**
             * @description How many of them somebody has to look after: they wait, have failed, or have set events aside; and those of a
             *     workspace whose projections cannot be run.
             */
            unhealthy: number;
        };
        /** @description How a projection is. */
        ProjectionView: {
            /**
             * Format: int64
             * @description How many events are in its rows.
             */
            applied: number;
            /**
             * Format: int64
             * @description How long it took since the engine started to apply events, in microseconds.
             */
            busy_us: number;
            /**
             * Format: int64
             * @description The last event there is.
             */
            head?: number | null;
            /** @description Whether nobody has to look after it. */
            healthy: boolean;
            /**
             * Format: int64
             * @description How many events it has not looked at.
             */
            lag: number;
            /** @description Its name. */
            name: string;
            /** @description `free` or `ordered`: whether the order of events matters to it. */
            order: string;
            /**
             * Format: int64
             * @description Everything up to here is in its rows, or was set aside; `null` before the first event.
             */
            position?: number | null;
            /** @description Why it waits or has failed. */
            reason?: string | null;
            /**
             * Format: int64
             * @description Its rows are whole once this is reached; `null` when they are.
             */
            rebuilding_to?: number | null;
            /**
             * Format: int64
             * @description How often its rows were made anew since the engine started.
             */
            rebuilds: number;
            /**
             * Format: int64
             * @description How many events were set aside.
             */
            set_aside: number;
            /** @description The first 100 of them. */
            set_aside_events: components["schemas"]["SetAsideView"][];
            /**
             * @description `running`, `rebuilding`, `paused`, `waiting` (the workspace or the file of its rows cannot be used, and it goes on
             *     by itself), `failed` (it goes on when it is resumed) or `ended`.
             */
            state: string;
            /**
             * Format: int32
             * @description The version of its definition: rows of another one are made anew.
             */
            version: number;
        };
        /** @description The answer of whoever has the token. */
        Proof: {
            /**
             * @description The HMAC-SHA-256 of `openprod engine`, the port and the challenge, a line feed between them, under the token, in
             *     lower-case hex.
             */
            proof: string;
        };
        /** @description Which events to read. */
        QueryEvents: {
            /** @description The alternatives; all events when absent or empty. */
            filters?: components["schemas"]["EventFilterBody"][];
            /** @description How many events: 1 to 1,000; 100 when absent. */
            limit?: number | null;
            /**
             * Format: int64
             * @description Only events beyond this number are returned; the context version does not depend on it.
             */
            min_sequence_number?: number | null;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description Siblings whose places are to be spread out. */
        RebalanceEdges: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description Their type. */
            edge_type: string;
            /** @description The record from which they start. */
            entity_id: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description An open conflict of a record. */
        RecordConflict: {
            /** @description The conflict. */
            conflict_id: string;
            /** @description The field's name; `null` when it is not about a field. */
            field?: string | null;
            /** @description `field`, `existence`, `membership` or `deletion`. */
            kind: string;
        };
        /** @description A page of records. */
        Records: {
            /** @description Where the next page begins; `null` on the last. */
            next_cursor?: string | null;
            /** @description The records, in order. */
            records: components["schemas"]["RecordView"][];
            /**
             * Format: int64
             * @description How many there are on all pages.
             */
            total: number;
        };
        /** @description The record that was made, or the records. */
        RecordsCreated: (components["schemas"]["Done"] & {
            /** @description The record. */
            entity_id: string;
        }) | (components["schemas"]["Done"] & {
            /** @description The records, in order. */
            entity_ids: string[];
        });
        /** @description What was split from a record. */
        RecordSplit: components["schemas"]["Done"] & {
            /** @description The record that it is now; `null` when taking a merge back by its tables was staged in a draft. */
            entity_id?: string | null;
        };
        /** @description A record. */
        RecordView: {
            /** @description The reference fields of the table that lead nowhere. */
            broken: components["schemas"]["BrokenReference"][];
            /** @description Its open conflicts. */
            conflicts: components["schemas"]["RecordConflict"][];
            /** @description The record. */
            entity_id: string;
            /** @description Every field of the table, by name; `null` where it is empty. */
            fields: {
                [key: string]: components["schemas"]["FieldValue"];
            };
        };
        /** @description What a redo did again. */
        Redone: components["schemas"]["Done"] & {
            redone?: components["schemas"]["TakenBackView"] | null;
            /** @description What of it stays as it is, and why. */
            skipped: components["schemas"]["SkippedView"][];
        };
        /**
         * @description What a reference field is to follow: the field of another record, which it reaches through an entity field of its
         *     own table or through an edge.
         */
        ReferenceToMake: {
            /** @description The field that it shows: an id, or a name. */
            field: string;
            /** @description The table of the field that it shows: an id, or a name. */
            table: string;
            /** @description The type of the edge through which it goes. */
            via_edge?: string | null;
            /** @description The entity field through which it goes: an id, or a name. */
            via_field?: string | null;
        };
        /** @description What a reference field follows. */
        ReferenceView: {
            /** @description The name of the field that it shows; `null` when it is no more. */
            field?: string | null;
            /** @description The id of the field that it shows. */
            field_id: string;
            /** @description The name of the table of the field that it shows; `null` when it is no more. */
            table?: string | null;
            /** @description The type of the edge through which it goes; `null` when it goes through a field. */
            via_edge?: string | null;
            /** @description The name of the entity field through which it goes; `null` when it goes through an edge, or the field is no more. */
            via_field?: string | null;
        };
        /** @description What was applied. */
        Released: {
            /**
             * Format: int64
             * @description How many bundles are applied now that were held before: the accepted one, and those that built on it.
             */
            released: number;
        };
        /** @description A field to rename. */
        RenameField: {
            /** @description Its name. */
            from: string;
            /** @description Its new name. */
            to: string;
        };
        /** @description A new place for an ordered edge: at the end of its siblings, unless a neighbour is named. */
        ReorderEdge: {
            /** @description The edge that is to stand just before it. */
            after?: string | null;
            /** @description The edge that is to stand just behind it. */
            before?: string | null;
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The edge. */
            edge_id: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description What somebody resolved. */
        ResolutionView: {
            /** @description Who resolved: a public key in hex. */
            actor_id: string;
            /** @description When, in RFC 3339. */
            at: string;
            /** @description `accept`, `compensate` or `rerun`. */
            choice: string;
            /** @description The facts that were considered, by operation. */
            considered: string[];
            /** @description The operation that records it. */
            op_id: string;
            /** @description Why. */
            reason?: string | null;
        };
        /** @description A decision: pick what was written by `op_id`, or write `value`. */
        ResolveConflict: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The conflict. */
            conflict_id: string;
            /** @description The operation whose value is to stand. */
            op_id?: string | null;
            value?: components["schemas"]["FieldValue"] | null;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description What is to be done about a decision. */
        ResolveDecisionBody: {
            /**
             * @description `accept` (it stands), `compensate` (other facts make it good) or `rerun` (it is taken anew). Decisions that it
             *     passed stand then, as far as it was what they had not seen.
             */
            choice: string;
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The facts that were considered, by operation; all that are known when absent. */
            considered?: string[] | null;
            /** @description The decision. */
            decision_id: string;
            /** @description Facts that come of it, such as a compensation; recorded together with it. */
            events?: components["schemas"]["NewEventBody"][];
            /** @description Why. */
            reason?: string | null;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /**
         * @description How a drift is decided: of a field by `entity_id`, `table` and `field`; of a property by `edge_id` and `field`;
         *     without `field`, of everything about the record or edge that has drifted.
         */
        ResolveDrift: {
            /**
             * @description `keep_mine`: the draft's value is written over that of the others once it is committed. `use_canonical`: the
             *     draft's edit of it is dropped.
             */
            choice: string;
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The edge, as the draft's diff names it. */
            edge_id?: string | null;
            /** @description The record, as the draft's diff names it. */
            entity_id?: string | null;
            /** @description The field or property: a field by id or name. */
            field?: string | null;
            /** @description The draft. */
            overlay_id: string;
            /** @description The field's table: an id, or a name. */
            table?: string | null;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A table to be restored. */
        RestoreTable: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The table. */
            table_id: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A command id that was given out more than once. */
        ReusedCommandView: {
            /** @description The bundles. */
            bundles: string[];
            /** @description The id. */
            command_id: string;
        };
        /** @description A bundle to be taken back. */
        Revert: {
            /** @description The bundle, whoever wrote it. */
            bundle_id: string;
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description What a revert took back. */
        Reverted: components["schemas"]["Done"] & {
            reverted?: components["schemas"]["TakenBackView"] | null;
            /** @description What of it stays as it is, and why. */
            skipped: components["schemas"]["SkippedView"][];
        };
        /** @description A derived row. */
        RowView: {
            /** @description Its key in hex. */
            key: string;
            /** @description Which kind of row. */
            space: string;
        };
        /** @description A saved view. */
        SavedView: {
            /** @description Its name; others may have the same. */
            name: string;
            /** @description How it shows the table, as whoever saved it wrote it. */
            settings: string;
            /** @description The table that it is of, which may be deleted. */
            table_id: string;
            /** @description The view. Conflicts about it have it as their record. */
            view_id: string;
        };
        /** @description The token. */
        Session: {
            /** @description To be sent as `Authorization: Bearer TOKEN`. */
            token: string;
        };
        /** @description An event that a projection could not deal with. */
        SetAsideView: {
            /** @description What was wrong. */
            reason: string;
            /**
             * Format: int64
             * @description Its number.
             */
            sequence_number: number;
        };
        /** @description Something that was not taken back. */
        SkippedView: {
            /** @description Whose edit stands there, where that is the reason: a public key in hex. */
            actor_id?: string | null;
            /** @description The edge; `null` when it is about none. */
            edge_id?: string | null;
            /** @description The record; `null` when it is about none. */
            entity_id?: string | null;
            /** @description The name of the field; `null` when it is about none. */
            field?: string | null;
            /** @description `edited_since`, `in_conflict`, `gone`, `text`, `fact`, `unchanged`, `only_table` or `founding`. */
            reason: string;
        };
        /**
         * @description A record that is two: by `facets`, what it is in these tables becomes a record of its own; by `entity_id`, a
         *     merge is taken back.
         */
        SplitRecord: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The record that was merged into it. */
            entity_id?: string | null;
            /** @description Tables: ids or names. Takes a merge back where that is what a merge brought. */
            facets?: string[] | null;
            /** @description The record. */
            source: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description The state of sync. */
        StateOfSync: {
            /** @description `alone`, `looking`, `live`, `catching_up`, `paused` or `problem`. */
            state: string;
        };
        /** @description How a workspace stands. */
        Status: {
            /** @description Who writes here: a public key in hex. */
            actor_id: string;
            /**
             * Format: int64
             * @description How many bundles they came in.
             */
            bundles: number;
            /** @description What is applied: the last bundle of each log. */
            clock: components["schemas"]["ClockEntry"][];
            /** @description The logs that contradict themselves. */
            forks: components["schemas"]["ForkView"][];
            /** @description Its name. */
            name: string;
            /**
             * Format: int64
             * @description How many operations are stored.
             */
            operations: number;
            /** @description The hash of the derived state: equal on two engines that have applied the same bundles. */
            state_hash: string;
            /** @description How it stands with its peers. */
            sync: components["schemas"]["SyncView"];
            /** @description The workspace. */
            workspace_id: string;
        };
        /** @description An undo or a redo. */
        Step: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A stream and where it is expected to end. */
        StreamVersionBody: {
            /** @description The stream. */
            stream: string;
            /**
             * Format: int64
             * @description How many events it has; 0 when it is not there.
             */
            version: number;
        };
        /** @description How a workspace stands with its peers. */
        SyncView: {
            /**
             * Format: int64
             * @description How many bundles are still to come.
             */
            behind: number;
            /** @description Bundles that are stored and not applied. */
            held: components["schemas"]["HeldView"][];
            /** @description How many peers are connected. */
            peers: number;
            /** @description What is wrong; `null` unless the state is `problem`. */
            reason?: string | null;
            /** @description `alone`, `looking`, `live`, `catching_up`, `paused` or `problem`. */
            state: string;
        };
        /** @description A table that was made. */
        TableCreated: components["schemas"]["Done"] & {
            /** @description Its fields, in order. */
            field_ids: string[];
            /** @description The table. */
            table_id: string;
        };
        /** @description A table that was deleted. */
        TableDeleted: components["schemas"]["Done"] & {
            /** @description The table: by this it can be restored. `null` when its deletion was staged in a draft. */
            table_id?: string | null;
        };
        /** @description The tables of a workspace. */
        Tables: {
            /** @description In order of creation. */
            tables: components["schemas"]["TableView"][];
        };
        /** @description A table that was changed. */
        TableUpdated: components["schemas"]["Done"] & {
            /** @description The fields that were added, in order. */
            field_ids: string[];
        };
        /** @description A table. */
        TableView: {
            /** @description Its fields, in the order in which they are shown. */
            fields: components["schemas"]["FieldView"][];
            /** @description The module that it belongs to; `null` for a person's own. */
            module?: string | null;
            /** @description Its name, unique in the workspace. */
            name: string;
            /**
             * Format: int64
             * @description How many records it has.
             */
            records: number;
            /** @description The table. */
            table_id: string;
        };
        /** @description A bundle that was taken back, as far as it could be. */
        TakenBackView: {
            /** @description The bundle. */
            bundle_id: string;
            /** @description What kind of command had led to it, as `records.update`; of an undo or a redo, to what it stands for. */
            command_type: string;
        };
        /** @description What an editor begins with. Every answer begins a session of its own: one editor uses one. */
        TextView: {
            /**
             * Format: int64
             * @description The client id that the editor's Yjs document must have in this session.
             */
            client_id: number;
            /** @description The record. */
            entity_id: string;
            /** @description The list; `null` of a text. */
            list?: unknown[] | null;
            /** @description The name of the root type in the Yjs document: `text`, a `Y.Text`, or `list`, a `Y.Array`. */
            root: string;
            /**
             * Format: int64
             * @description The editor's session, to be given with each of its changes.
             */
            session: number;
            /** @description All of it as one Yjs update, encoding 1, in base64. */
            state: string;
            /** @description Its Yjs state vector, encoding 1, in base64. */
            state_vector: string;
            /** @description The text; `null` of a list. */
            text?: string | null;
        };
        /** @description What an undo took back. */
        Undone: components["schemas"]["Done"] & {
            /** @description What of it stays as it is, and why. */
            skipped: components["schemas"]["SkippedView"][];
            undone?: components["schemas"]["TakenBackView"] | null;
        };
        /** @description What undo and redo would do next. */
        UndoStackView: {
            redo?: components["schemas"]["UndoStepView"] | null;
            undo?: components["schemas"]["UndoStepView"] | null;
        };
        /** @description What undo or redo would do next. */
        UndoStepView: {
            /** @description The bundle; `null` in a draft. */
            bundle_id?: string | null;
            /** @description What kind of command it stands for, as `records.update`. */
            command_type: string;
            /**
             * Format: int64
             * @description The edit of the draft; `null` in the log.
             */
            edit_id?: number | null;
            /** @description The draft; `null` in the log. */
            overlay_id?: string | null;
        };
        /** @description A fact that a decision should have seen. */
        UnseenView: components["schemas"]["EventView"] & {
            /** @description Whether the resolution has considered it. */
            considered: boolean;
            /** @description Whether it comes from a decision that should have seen this one in turn. */
            mutual: boolean;
        };
        /** @description A change to an edge. Properties that are not named stay as they are; `null` takes one away. */
        UpdateEdge: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The edge. */
            edge_id: string;
            /** @description The properties to set, by name. */
            properties: {
                [key: string]: components["schemas"]["FieldValue"];
            };
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A change to a record. Fields that are not named stay as they are; `null` empties one. */
        UpdateRecord: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description The record. */
            entity_id: string;
            /** @description The fields to set. */
            fields: {
                [key: string]: components["schemas"]["FieldValue"];
            };
            /** @description The table: an id, or a name. */
            table: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A change to a table. What is not named stays as it is. */
        UpdateTable: {
            /** @description Fields to add behind those that it has. */
            add_fields?: components["schemas"]["FieldToMake"][];
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description A new name for it. */
            name?: string | null;
            /** @description Fields to remove, by name. Their values stay in the history. */
            remove_fields?: string[];
            /** @description Fields to rename. */
            rename_fields?: components["schemas"]["RenameField"][];
            /** @description The table: an id, or a name. */
            table: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A change to a text or a list. */
        UpdateText: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /**
             * @description The change: a Yjs update, encoding 1, in base64, written under the client id of the session and following on
             *     its last one.
             */
            delta: string;
            /** @description The record. */
            entity_id: string;
            /** @description The field: an id, or a name. */
            field: string;
            /**
             * Format: int64
             * @description The editor's session, as `GET /text` gave it.
             */
            session: number;
            /** @description The table: an id, or a name. */
            table: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        /** @description A change to a view. What is not named stays as it is. */
        UpdateView: {
            command?: components["schemas"]["CommandEnvelope"] | null;
            /** @description A new name for it. */
            name?: string | null;
            /** @description How it shows its table from now on. */
            settings?: string | null;
            /** @description The view. */
            view_id: string;
            /** @description The workspace; needed only when several are open. */
            workspace?: string | null;
        };
        Value: unknown;
        /** @description What a check found. */
        Verified: {
            /**
             * Format: int64
             * @description How many bundles were read.
             */
            bundles: number;
            first_difference?: components["schemas"]["RowView"] | null;
            /** @description The first hundred of them. */
            forged: components["schemas"]["ForgedView"][];
            /** @description How many bundles have a signature that is not their author's. */
            forged_total: number;
            /**
             * Format: int64
             * @description How many operations they hold.
             */
            operations: number;
            /** @description The hash of what the log derives to. */
            replayed_hash: string;
            /**
             * @description Command ids under which bundles record different facts, which no honest program gives out. All of the facts count,
             *     and nothing is damaged: the workspace is sound all the same.
             */
            reused_commands: components["schemas"]["ReusedCommandView"][];
            /** @description Whether everything is as it should be. */
            sound: boolean;
            /** @description The hash of the derived state as it is stored. */
            state_hash: string;
        };
        /** @description A view that was saved. */
        ViewCreated: components["schemas"]["Done"] & {
            /** @description The view. */
            view_id: string;
        };
        /** @description Saved views. */
        Views: {
            /** @description In order of their making. */
            views: components["schemas"]["SavedView"][];
        };
        /** @description The workspaces of this engine. */
        Workspaces: {
            /** @description Those that cannot be opened, in order of their ids. */
            broken: components["schemas"]["Broken"][];
            /** @description Whether this engine can make a show to look around in: `POST /workspace/demo`. */
            demo: boolean;
            /** @description Those that are open, in order of their ids. */
            workspaces: components["schemas"]["Member"][];
        };
        /** @description A write to a cell. */
        Write: components["schemas"]["CellView"] & {
            before?: components["schemas"]["FieldValue"] | null;
            /** @description What was written; of existence and membership, `true` or `false`. */
            value: components["schemas"]["FieldValue"];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type AcceptBundle = components['schemas']['AcceptBundle'];
export type ActiveOverlay = components['schemas']['ActiveOverlay'];
export type AddressView = components['schemas']['AddressView'];
export type Appended = components['schemas']['Appended'];
export type AppendEvents = components['schemas']['AppendEvents'];
export type AppendEventsIf = components['schemas']['AppendEventsIf'];
export type AttachRecord = components['schemas']['AttachRecord'];
export type Audit = components['schemas']['Audit'];
export type AuditDecision = components['schemas']['AuditDecision'];
export type AuditEntryView = components['schemas']['AuditEntryView'];
export type Away = components['schemas']['Away'];
export type AwayRecords = components['schemas']['AwayRecords'];
export type AwayRecordView = components['schemas']['AwayRecordView'];
export type Broken = components['schemas']['Broken'];
export type BrokenEnd = components['schemas']['BrokenEnd'];
export type BrokenReference = components['schemas']['BrokenReference'];
export type BundleView = components['schemas']['BundleView'];
export type CanonicalValue = components['schemas']['CanonicalValue'];
export type CellView = components['schemas']['CellView'];
export type ChangedStream = components['schemas']['ChangedStream'];
export type ChangeView = components['schemas']['ChangeView'];
export type CheckView = components['schemas']['CheckView'];
export type ClockEntry = components['schemas']['ClockEntry'];
export type Code = components['schemas']['Code'];
export type CommandEnvelope = components['schemas']['CommandEnvelope'];
export type Conflicts = components['schemas']['Conflicts'];
export type ConflictValue = components['schemas']['ConflictValue'];
export type ConflictView = components['schemas']['ConflictView'];
export type Connected = components['schemas']['Connected'];
export type ConnectPeer = components['schemas']['ConnectPeer'];
export type ContextBody = components['schemas']['ContextBody'];
export type CreateEdge = components['schemas']['CreateEdge'];
export type CreateOverlay = components['schemas']['CreateOverlay'];
export type CreateRecords = components['schemas']['CreateRecords'];
export type CreateTable = components['schemas']['CreateTable'];
export type CreateView = components['schemas']['CreateView'];
export type CreateWorkspace = components['schemas']['CreateWorkspace'];
export type DecideMapping = components['schemas']['DecideMapping'];
export type DecisionConflicts = components['schemas']['DecisionConflicts'];
export type DecisionConflictView = components['schemas']['DecisionConflictView'];
export type DeedView = components['schemas']['DeedView'];
export type DeleteTable = components['schemas']['DeleteTable'];
export type DetachRecord = components['schemas']['DetachRecord'];
export type Done = components['schemas']['Done'];
export type DriftView = components['schemas']['DriftView'];
export type DropEdit = components['schemas']['DropEdit'];
export type EdgeConflict = components['schemas']['EdgeConflict'];
export type EdgeCreated = components['schemas']['EdgeCreated'];
export type EdgeKind = components['schemas']['EdgeKind'];
export type EdgeKinds = components['schemas']['EdgeKinds'];
export type Edges = components['schemas']['Edges'];
export type EdgeView = components['schemas']['EdgeView'];
export type Edit = components['schemas']['Edit'];
export type EditView = components['schemas']['EditView'];
export type Event = components['schemas']['Event'];
export type EventFilterBody = components['schemas']['EventFilterBody'];
export type EventsFound = components['schemas']['EventsFound'];
export type EventView = components['schemas']['EventView'];
export type Examination = components['schemas']['Examination'];
export type FieldMappings = components['schemas']['FieldMappings'];
export type FieldToMake = components['schemas']['FieldToMake'];
export type FieldValue = components['schemas']['FieldValue'];
export type FieldView = components['schemas']['FieldView'];
export type FollowField = components['schemas']['FollowField'];
export type ForgedView = components['schemas']['ForgedView'];
export type Forgotten = components['schemas']['Forgotten'];
export type ForkView = components['schemas']['ForkView'];
export type Health = components['schemas']['Health'];
export type HeldView = components['schemas']['HeldView'];
export type History = components['schemas']['History'];
export type Invited = components['schemas']['Invited'];
export type JoinWorkspace = components['schemas']['JoinWorkspace'];
export type MakeCode = components['schemas']['MakeCode'];
export type MakeDemo = components['schemas']['MakeDemo'];
export type MappingView = components['schemas']['MappingView'];
export type Member = components['schemas']['Member'];
export type MergeRecords = components['schemas']['MergeRecords'];
export type Nearby = components['schemas']['Nearby'];
export type NewEventBody = components['schemas']['NewEventBody'];
export type OfEdge = components['schemas']['OfEdge'];
export type OfOverlay = components['schemas']['OfOverlay'];
export type OfRecord = components['schemas']['OfRecord'];
export type OfView = components['schemas']['OfView'];
export type OfWorkspace = components['schemas']['OfWorkspace'];
export type OneRecord = components['schemas']['OneRecord'];
export type OpenSession = components['schemas']['OpenSession'];
export type OverlayDiff = components['schemas']['OverlayDiff'];
export type Overlays = components['schemas']['Overlays'];
export type OverlayView = components['schemas']['OverlayView'];
export type PartView = components['schemas']['PartView'];
export type PastChangeView = components['schemas']['PastChangeView'];
export type PeerExamined = components['schemas']['PeerExamined'];
export type Peers = components['schemas']['Peers'];
export type PeerView = components['schemas']['PeerView'];
export type ProblemCode = components['schemas']['ProblemCode'];
export type ProblemDocument = components['schemas']['ProblemDocument'];
export type ProjectionList = components['schemas']['ProjectionList'];
export type ProjectionRows = components['schemas']['ProjectionRows'];
export type ProjectionsHealth = components['schemas']['ProjectionsHealth'];
export type ProjectionView = components['schemas']['ProjectionView'];
export type Proof = components['schemas']['Proof'];
export type QueryEvents = components['schemas']['QueryEvents'];
export type RebalanceEdges = components['schemas']['RebalanceEdges'];
export type RecordConflict = components['schemas']['RecordConflict'];
export type Records = components['schemas']['Records'];
export type RecordsCreated = components['schemas']['RecordsCreated'];
export type RecordSplit = components['schemas']['RecordSplit'];
export type RecordView = components['schemas']['RecordView'];
export type Redone = components['schemas']['Redone'];
export type ReferenceToMake = components['schemas']['ReferenceToMake'];
export type ReferenceView = components['schemas']['ReferenceView'];
export type Released = components['schemas']['Released'];
export type RenameField = components['schemas']['RenameField'];
export type ReorderEdge = components['schemas']['ReorderEdge'];
export type ResolutionView = components['schemas']['ResolutionView'];
export type ResolveConflict = components['schemas']['ResolveConflict'];
export type ResolveDecisionBody = components['schemas']['ResolveDecisionBody'];
export type ResolveDrift = components['schemas']['ResolveDrift'];
export type RestoreTable = components['schemas']['RestoreTable'];
export type ReusedCommandView = components['schemas']['ReusedCommandView'];
export type Revert = components['schemas']['Revert'];
export type Reverted = components['schemas']['Reverted'];
export type RowView = components['schemas']['RowView'];
export type SavedView = components['schemas']['SavedView'];
export type Session = components['schemas']['Session'];
export type SetAsideView = components['schemas']['SetAsideView'];
export type SkippedView = components['schemas']['SkippedView'];
export type SplitRecord = components['schemas']['SplitRecord'];
export type StateOfSync = components['schemas']['StateOfSync'];
export type Status = components['schemas']['Status'];
export type Step = components['schemas']['Step'];
export type StreamVersionBody = components['schemas']['StreamVersionBody'];
export type SyncView = components['schemas']['SyncView'];
export type TableCreated = components['schemas']['TableCreated'];
export type TableDeleted = components['schemas']['TableDeleted'];
export type Tables = components['schemas']['Tables'];
export type TableUpdated = components['schemas']['TableUpdated'];
export type TableView = components['schemas']['TableView'];
export type TakenBackView = components['schemas']['TakenBackView'];
export type TextView = components['schemas']['TextView'];
export type Undone = components['schemas']['Undone'];
export type UndoStackView = components['schemas']['UndoStackView'];
export type UndoStepView = components['schemas']['UndoStepView'];
export type UnseenView = components['schemas']['UnseenView'];
export type UpdateEdge = components['schemas']['UpdateEdge'];
export type UpdateRecord = components['schemas']['UpdateRecord'];
export type UpdateTable = components['schemas']['UpdateTable'];
export type UpdateText = components['schemas']['UpdateText'];
export type UpdateView = components['schemas']['UpdateView'];
export type Value = components['schemas']['Value'];
export type Verified = components['schemas']['Verified'];
export type ViewCreated = components['schemas']['ViewCreated'];
export type Views = components['schemas']['Views'];
export type Workspaces = components['schemas']['Workspaces'];
export type Write = components['schemas']['Write'];
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
