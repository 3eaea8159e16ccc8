/* Who may pass: checks a complete request (address, host, origin, token, role, method), then hands it to the handler of
 * its route, or answers why not. */
#ifndef PASTCAM_WEB_GATE_H
#define PASTCAM_WEB_GATE_H

#include "request.h"

void gate_pass(struct request *request);

/* POST /api/login, POST /api/logout, GET /api/session. */
void gate_login(struct request *request);
void gate_logout(struct request *request);
void gate_session(struct request *request);

#endif
