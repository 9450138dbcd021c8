/* cmd_schema.c: `hearth schema check FILE...`: is a JSON Schema enforced, or what of it cannot be? */
#include "tools/cli.h"
#include <stdlib.h>
#include <string.h>

static int check_schema_file(const char *path, bool json) {
    char *text = NULL;
    size_t n = 0;
    hearth_error err;
    memset(&err, 0, sizeof err);
    const int code = cli_read_file(path, &text, &n);
    if (code != CLI_OK) return code;
    const bool enforced = hearth_guide_open(NULL, HEARTH_GUIDE_SCHEMA, text, n, NULL, &err) == HEARTH_OK;
    free(text);
    if (json) {
        cli_json_open(NULL, '{');
        cli_json_str("file", path);
        cli_json_bool("enforced", enforced);
        if (!enforced) cli_json_str("where", err.where), cli_json_str("why", err.what);
        cli_json_close('}');
    } else if (enforced) {
        printf("%s: enforced, all of it\n", path);
    } else {
        printf("%s: refused: %s: %s\n", path, err.where, err.what);
    }
    return enforced ? CLI_OK : CLI_FAILED;
}
int cmd_schema(int argc, char **argv) {
    cli_setup setup = CLI_SETUP_INIT;
    const char *args[2] = {NULL, NULL};
    const cli_option options[] = {CLI_OPTION_JSON(setup)};
    const cli_command command = {"schema", "check FILE",
                                 "Says whether a JSON Schema (2020-12, draft-07) is enforced by run --schema,\n"
                                 "or the first keyword, by its JSON pointer, that is refused, and why.",
                                 options, CLI_COUNT(options), 2, 2};
    const int code = cli_parse(&command, argc, argv, args);
    if (code != CLI_GO) return code;
    if (strcmp(args[0], "check") != 0) return cli_misuse("schema", "schema", "the first word must be check");
    return check_schema_file(args[1], setup.json);
}
