
/*
 * Reports that Amazon makes by itself, such as settlements: the one that was
 * made next after another one, by the pages of getReports.
 */


#include <spapi/amzsync_spapi_report.h>
#include <base/amzsync_text.h>
#include <base/amzsync_time.h>


static char *amzsync_list_url(const amzsync_spapi_report_t *call);
static void amzsync_list_choose(amzsync_spapi_report_t *call,
    json_t *reports);
static ngx_int_t amzsync_list_compare(int64_t created, const char *id,
    int64_t other, const char *other_id);
static ngx_int_t amzsync_list_token(amzsync_spapi_report_t *call,
    json_t *token);


void
amzsync_report_list(amzsync_spapi_report_t *call)
{
    char                  *url;
    json_t                *root;
    amzsync_spapi_http_t   h;

    amzsync_report_http(call, &h);

    url = amzsync_list_url(call);

    h.url = url;
    h.secrets[1] = call->list_token;

    if (url == NULL) {
        amzsync_report_no_memory(&h);

    } else if (amzsync_spapi_http(&h) == NGX_OK) {
        root = amzsync_report_answer(&h, 200);

        if (root != NULL) {
            amzsync_report_listing(call, &h, root);
            amzsync_list_choose(call, json_object_get(root, "reports"));

            if (amzsync_list_token(call, json_object_get(root, "nextToken"))
                != NGX_OK)
            {
                amzsync_report_no_memory(&h);
            }

            json_decref(root);
        }
    }

    amzsync_spapi_http_free(&h);
    free(url);
}


/* The token of a page must be its only parameter. */

static char *
amzsync_list_url(const amzsync_spapi_report_t *call)
{
    int   n;
    char  since[AMZSYNC_TIME_LEN + 1], *base, *url;

    if (call->list_token != NULL) {
        return amzsync_report_url(call, "/reports?nextToken=",
                                  call->list_token);
    }

    *amzsync_time_print((u_char *) since, call->from) = '\0';

    base = amzsync_report_url(call, "/reports", "");
    if (base == NULL) {
        return NULL;
    }

    n = asprintf(&url, "%s?reportTypes=%s&processingStatuses=DONE"
                 "&createdSince=%s&pageSize=100", base,
                 call->dataset->report->type, since);

    free(base);

    return (n == -1) ? NULL : url;
}


/* The first of those that were made after the report before. */

static void
amzsync_list_choose(amzsync_spapi_report_t *call, json_t *reports)
{
    char      id[AMZSYNC_REPORT_ID_MAX];
    size_t    i;
    json_t   *report;
    int64_t   created;

    for (i = 0; i < json_array_size(reports); i++) {
        report = json_array_get(reports, i);
        created = amzsync_report_time(report, "createdTime");

        if (created == AMZSYNC_TIME_BAD
            || amzsync_report_text(report, "reportId", id) != NGX_OK
            || amzsync_list_compare(created, id, call->created,
                                    call->report_id) <= 0
            || (call->best.id[0]
                && amzsync_list_compare(created, id, call->best.created,
                                        call->best.id) >= 0))
        {
            continue;
        }

        call->best.created = created;
        call->best.from = amzsync_report_time(report, "dataStartTime");
        call->best.to = amzsync_report_time(report, "dataEndTime");

        ngx_memcpy(call->best.id, id, sizeof(id));
    }
}


static ngx_int_t
amzsync_list_compare(int64_t created, const char *id, int64_t other,
    const char *other_id)
{
    if (created != other) {
        return (created < other) ? -1 : 1;
    }

    return ngx_strcmp(id, other_id);
}


/* The one before is a secret of the call until its end. */

static ngx_int_t
amzsync_list_token(amzsync_spapi_report_t *call, json_t *token)
{
    char  *next;

    next = NULL;

    if (json_string_length(token)) {
        next = strdup(json_string_value(token));

        if (next == NULL) {
            return NGX_ERROR;
        }
    }

    free(call->list_token);
    call->list_token = next;

    return NGX_OK;
}
