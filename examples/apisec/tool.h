/* SPDX-License-Identifier: Apache-2.0
 *
 * tool.h: what the commands of the tool share: options, input, output, the transport. The tool uses the library's public
 * headers only, and cJSON to write its answers.
 *
 * Every command ends in one of three ways, and says why on standard error. A command that answers in JSON prints exactly one
 * object on standard output in all three; a command that answers otherwise prints nothing there unless it succeeds.
 */
#ifndef APISEC_TOOL_H
#define APISEC_TOOL_H

#include <apisec/apisec.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EXIT_ALLOWED = 0, EXIT_DENIED = 1, EXIT_FAILED = 2 };

/* What a command leaves on standard output when it fails with EXIT_FAILED. */
enum failure_form {
    FAILURE_SILENT,  /* nothing: its output is not JSON */
    FAILURE_OBJECT,  /* {"error":…,"status":…} */
    FAILURE_VERDICT  /* the same with "verdict":"denied" in front: who reads only the verdict is told no */
};

struct command {
    const char *name;     /* "verify", "audit verify" */
    const char *synopsis; /* what follows the name */
    const char *summary;  /* one line for apisec --help */
    const char *about;    /* the paragraphs of its own help */
    enum failure_form failure;
    int (*run)(const struct command *command, int argc, char **argv); /* argv: what follows the name */
};

extern const struct command command_inspect, command_verify, command_exchange, command_json, command_audit_verify,
    command_keygen, command_sign, command_decrypt, command_encrypt, command_dpop, command_hash, command_lint, command_check,
    command_replay;

/* ---- options.c ---- */

#define LIST_MAX 64
struct list {
    const char *at[LIST_MAX];
    size_t num;
};
struct number {
    int64_t value;
    bool given;
};

/* An option is known by its exact name. Which of the four targets is set says what it takes. */
struct option {
    const char *name;     /* without the dashes */
    const char *argument; /* what the help calls it; NULL for a flag */
    const char *help;
    bool *flag;
    const char **text;     /* may be given once */
    struct list *list;     /* may be repeated */
    struct number *number; /* a whole number from min to max, given once */
    int64_t min, max;
};

#define NUM_OPTIONS(options) (sizeof(options) / sizeof((options)[0]))

/* operands: what is no option, in order. */
struct operands {
    char **at;
    size_t num;
};

/* options_read sets the targets. false: the command is over with *exit_status: its help was asked for, or it was called wrongly. */
bool options_read(const struct command *command, const struct option *options, size_t num_options, int argc, char **argv,
                  struct operands *operands, int *exit_status);

/* ---- input.c: every text is owned, has a NUL behind its len bytes, and is wiped when freed ---- */

#define DOCUMENT_MAX ((size_t)8 * 1024 * 1024) /* of a guard */

struct bytes {
    char *at;
    size_t len;
};
void bytes_free(struct bytes *bytes);

/* input_file reads a whole file of at most max bytes; "-" is standard input. false: it has said why, and the command ends with
 * EXIT_FAILED. */
bool input_file(const struct command *command, const char *path, size_t max, struct bytes *bytes);
/* input_part: the same, but of a larger file only max bytes are taken, for a judge that refuses that many. */
bool input_part(const struct command *command, const char *path, size_t max, struct bytes *bytes);
/* input_secret: a file, less the one newline that editors and echo leave at the end. An empty secret is refused. */
bool input_secret(const struct command *command, const char *path, struct bytes *bytes);
/* input_token takes the only operand, or all of standard input less one newline at the end. Nothing else is trimmed. Of more than
 * 128 KiB only so much is taken: no token is that long, and the judge says so. */
bool input_token(const struct command *command, const struct operands *operands, struct bytes *token);

/* ---- output.c ---- */

/* An answer is the object to print. It remembers that memory ran out, so that only answer_print must be checked. */
struct answer {
    struct cJSON *object;
    bool broken;
};
void answer_begin(struct answer *answer);
void answer_text(struct answer *answer, const char *name, const char *text);      /* NULL: the member is left out */
void answer_raw(struct answer *answer, const char *name, const char *json, size_t len); /* strict JSON, less its white space */
void answer_number(struct answer *answer, const char *name, int64_t number);
void answer_flag(struct answer *answer, const char *name, bool value);
/* answer_list begins an array of objects; answer_add adds one that is then filled like any answer. */
struct cJSON *answer_list(struct answer *answer, const char *name);
struct answer answer_add(struct answer *answer, struct cJSON *list);
/* answer_print prints the object, frees it, and returns exit_status; EXIT_FAILED when it could not be printed. */
int answer_print(const struct command *command, struct answer *answer, int exit_status);
void answer_drop(struct answer *answer);
/* output_bytes, output_line print what is no JSON, as it is or with a newline, and return EXIT_ALLOWED; EXIT_FAILED when it could
 * not be printed. */
int output_bytes(const struct command *command, const char *bytes, size_t len);
int output_line(const struct command *command, const char *line);

/* output_clean makes a text printable ASCII: a file's name may hold anything. */
void output_clean(char *text);
/* say prints one sentence on standard error: "apisec verify: …". Control characters are shown as '?'. */
void say(const struct command *command, const char *sentence);
/* fail says a sentence, leaves on standard output what the command promises, and returns EXIT_FAILED. failf formats it;
 * usage_fail does so too, with APISEC_E_ARGUMENT, and names the help. */
int fail(const struct command *command, apisec_status status, const char *sentence);
int failf(const struct command *command, apisec_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
int usage_fail(const struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* exit_of: 1 is for what is wrong with the token (2xx) or its permission (3xx); all else could not be judged. */
int exit_of(apisec_status status);

/* ---- logs.c: audit logs, whose chain is checked while they are read ---- */

struct log_reading {
    apisec_chain *chain;     /* of the file before, or of this one once its first line is taken */
    uint64_t num_records;    /* of all files */
    uint64_t line;           /* of this file, from 1 */
    bool continues;          /* this file goes on where the one before ended */
    char reason[300];        /* why it is broken, or why that could not be seen */
    apisec_status status;    /* APISEC_E_AUDIT: it is broken */
    /* take is called for each good record; NULL: nobody wants them. What it fails with ends the reading. */
    apisec_status (*take)(void *context, const char *line, size_t len, apisec_error *err);
    void *context;
};
/* log_read reads one file; log_reading_end ends all of it. false: reading->status says of what kind the failure is, and reason and
 * line what and where. */
bool log_read(struct log_reading *reading, const char *path);
void log_reading_end(struct log_reading *reading);

/* ---- network.c ---- */

struct network {
    bool allow_loopback;
    const char *cacert;
    struct number timeout;
};
/* The options of every command that uses the network. */
#define NETWORK_OPTIONS(network)                                                                                              \
    {.name = "allow-loopback", .flag = &(network)->allow_loopback,                                                            \
     .help = "permit servers at loopback and private addresses"},                                                             \
    {.name = "cacert", .argument = "FILE", .text = &(network)->cacert,                                                        \
     .help = "trust the PEM certificates of this file instead of the system's"},                                              \
    {.name = "timeout", .argument = "MS", .number = &(network)->timeout, .min = 1, .max = 300000,                             \
     .help = "milliseconds for one request (default 5000, of which 2000 to connect)"}
apisec_status network_open(const struct network *network, apisec_http **http, apisec_error *err);

/* ---- client.c: how a command proves to a server who asks ---- */

struct client {
    const char *id, *secret_file, *key_file, *audience;
};
/* The options of every command that asks as an OAuth client. */
#define CLIENT_OPTIONS(client)                                                                                                \
    {.name = "client-id", .argument = "ID", .text = &(client)->id, .help = "who asks"},                                       \
    {.name = "client-secret-file", .argument = "FILE", .text = &(client)->secret_file,                                        \
     .help = "its secret; one newline at the end is dropped"},                                                                \
    {.name = "client-key", .argument = "FILE", .text = &(client)->key_file,                                                   \
     .help = "or its private JWK with alg, to sign assertions (private_key_jwt)"},                                            \
    {.name = "client-audience", .argument = "A", .text = &(client)->audience,                                                 \
     .help = "whom the assertions are for: the server's issuer name"}
/* What is behind those files. */
struct proof {
    struct bytes secret;
    apisec_signer *signer;
};
bool client_is_given(const struct client *client);         /* one of the options is */
const char *client_lacks(const struct client *client);     /* NULL: nothing */
int client_num_stdin(const struct client *client);         /* how many are to be read from standard input */
/* client_read reads the file. false: it has said why, and the command ends with EXIT_FAILED. */
bool client_read(const struct command *command, const struct client *client, struct proof *proof);
void proof_free(struct proof *proof);

/* ---- binding.c: what a bound token comes with ---- */

struct binding {
    const char *proof_file, *method, *url, *certificate_file;
};
#define BINDING_OPTIONS(binding)                                                                                              \
    {.name = "dpop-proof-file", .argument = "FILE", .text = &(binding)->proof_file,                                           \
     .help = "the DPoP header that came with it (RFC 9449); needs --url"},                                                    \
    {.name = "method", .argument = "M", .text = &(binding)->method, .help = "of the request it came with (default GET)"},     \
    {.name = "url", .argument = "URL", .text = &(binding)->url, .help = "of the request it came with"},                       \
    {.name = "peer-cert", .argument = "FILE", .text = &(binding)->certificate_file,                                           \
     .help = "the client certificate of the connection (RFC 8705), DER or PEM"}
/* What is in those files. */
struct evidence {
    struct bytes proof, certificate; /* the certificate in DER */
};
const char *binding_lacks(const struct binding *binding);  /* NULL: nothing */
int binding_num_stdin(const struct binding *binding);
/* certificate_read reads one in DER, or the first one of a PEM file. false: as above. option is what it was asked for with. */
bool certificate_read(const struct command *command, const char *option, const char *path, struct bytes *certificate);
/* binding_read reads the files. false: it has said why, and the command ends with EXIT_FAILED. */
bool binding_read(const struct command *command, const struct binding *binding, struct evidence *evidence);
/* binding_trust accepts DPoP where there is a proof; binding_call makes the request what it was. */
void binding_trust(const struct binding *binding, apisec_trust *trust);
void binding_call(const struct binding *binding, const struct evidence *evidence, apisec_call *call);
void evidence_free(struct evidence *evidence);
/* binding_add_token puts a token behind its scheme ("Bearer " or "DPoP ") into the Authorization header, byte for byte. false: no
 * memory. */
bool binding_add_token(apisec_call *call, const char *scheme, const struct bytes *token);

#endif
