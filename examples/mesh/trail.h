/* SPDX-License-Identifier: Apache-2.0
 *
 * trail.h: reads the audit logs of all services: one request's records, joined by its trace; and whether a log's chain is whole.
 */
#ifndef MESH_TRAIL_H
#define MESH_TRAIL_H

#include "stage.h"

#define TRAIL_MAX 64

struct trail_record {
    int service;
    int64_t time_ms;
    uint64_t line;
    bool allowed;
    char operation[96], user[32], client[32], actors[96], audience[64], status[48], reason[256];
    char peer[48], asks_for[48];              /* the socket's peer, and for whom a trusted proxy asks */
    char shadow[16], shadow_status[48];       /* of what the rule only tries; "": nothing */
};
struct trail {
    struct trail_record records[TRAIL_MAX];
    size_t num;
};

/* trail_read collects the records of a trace from all logs, in the order of their times. false: a log cannot be read, or there are
 * more than fit. */
bool trail_read(const struct stage *stage, const char *trace, struct trail *trail);
/* trail_reason is the last record of a service under a trace: why it refused. NULL: there is none. */
const struct trail_record *trail_of(const struct trail *trail, int service);

/* trail_check feeds a log to the library's checker. *line is the first bad line, or how many there are. */
apisec_status trail_check(const char *path, uint64_t *line, char head[65], apisec_error *err);
/* trail_tamper copies a log and turns the first denial into an allow; returns the line that was changed, 0 for none. */
uint64_t trail_tamper(const char *from, const char *to);
void trail_path(const struct stage *stage, int service, char *path, size_t size);

#endif
