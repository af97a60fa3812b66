
/*
 * What the steps of a report share.
 */


#ifndef _AMZSYNC_SPAPI_REPORT_H_INCLUDED_
#define _AMZSYNC_SPAPI_REPORT_H_INCLUDED_


#include <spapi/amzsync_spapi_http.h>
#include <base/amzsync_json.h>


#define AMZSYNC_REPORT_API         "/reports/2021-06-30"

/* A hundred reports of a listing, and more. */
#define AMZSYNC_REPORT_ANSWER_MAX  1048576


/* A transfer for the call: configuration, token, outcome; no URL yet. */
void amzsync_report_http(amzsync_spapi_report_t *call,
    amzsync_spapi_http_t *h);

/* The answer as an object; NULL: the verdict is set. */
json_t *amzsync_report_answer(amzsync_spapi_http_t *h, ngx_uint_t status);

/* A member that is a text of at most AMZSYNC_REPORT_ID_MAX bytes with its end;
 * NGX_DECLINED: there is none. */
ngx_int_t amzsync_report_text(json_t *root, const char *name, char *buf);

/* A member that is a time; AMZSYNC_TIME_BAD: there is none. */
int64_t amzsync_report_time(json_t *root, const char *name);

/* The verdict on a listing: one without its array is malformed. */
void amzsync_report_listing(amzsync_spapi_report_t *call,
    amzsync_spapi_http_t *h, json_t *root);

/* The next report that Amazon has made by itself. */
void amzsync_report_list(amzsync_spapi_report_t *call);

/* "endpoint/reports/2021-06-30" "path" "id", escaped; malloc()ed, or NULL. */
char *amzsync_report_url(const amzsync_spapi_report_t *call,
    const char *path, const char *id);

/* The document of the report that is done, into a file; or the begin of the
 * one that tells why it failed, as the outcome's error. */
void amzsync_report_fetch(amzsync_spapi_report_t *call);

/* Rows from the file. */
void amzsync_report_read(amzsync_spapi_report_t *call);

void amzsync_report_no_memory(amzsync_spapi_http_t *h);


#endif /* _AMZSYNC_SPAPI_REPORT_H_INCLUDED_ */
