/* model_refuses.c: the model's judgement on a file, for tests of other layers. */
#include "engine/hearth.h"
#include <string.h>

int t_model_refuses(const char *path);
/* 1: refused with a typed error that names a place, 0: opened, -1: refused without saying why */
int t_model_refuses(const char *path) {
    hearth_model *m = NULL;
    hearth_error e;
    const hearth_status s = hearth_model_open(path, NULL, &m, &e);
    hearth_model_close(m);
    if (s == HEARTH_OK) return 0;
    return e.status == s && e.where[0] && strlen(e.what) > 4 && !m ? 1 : -1;
}
