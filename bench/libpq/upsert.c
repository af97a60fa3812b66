
/*
 * The bound of an ingester: nothing but the module's page statement, with
 * parameters that were prepared beforehand, in the forms in which the module
 * sends them, over pipelined connections.
 *
 *     upsert CONNINFO PREFIX CONNECTIONS DEPTH SECONDS LIMIT STATEMENT PAGES
 *
 * STATEMENT is a file of SQL, PAGES one of parameters, as the ingester dumps
 * them.  Connection N commits all pages for user PREFIXN_0, then for PREFIXN_1,
 * and so on, whose syncs are there already, with number 1 and lease 1.  DEPTH
 * statements are in flight on each connection; after SECONDS, or LIMIT pages a
 * connection, it ends.  Prints how many pages were committed.
 */


#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


#define PARAMS_MAX   128
#define USER         0
#define NUMBER       1
#define LEASE        2
#define PAGE         4
#define FIRST_ARRAY  22
#define CONNECTIONS  64


typedef struct {
    char           *values[PARAMS_MAX];
    int             lengths[PARAMS_MAX];    /* of those in binary form */
    int             formats[PARAMS_MAX];
} page_t;


typedef struct {
    PGconn         *pg;
    int             number;
    int             user;
    size_t          next;           /* page of the user */
    unsigned        in_flight;
    unsigned long   sent;
    unsigned long   done;
} connection_t;


static page_t      *pages;
static size_t       npages;
static int32_t      nparams;
static const char  *prefix;


static void
die(const char *what, const char *why)
{
    fprintf(stderr, "upsert: %s: %s\n", what, why);
    exit(1);
}


static char *
read_file(const char *name, size_t *size)
{
    FILE  *f;
    char  *data;
    long   n;

    f = fopen(name, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (n = ftell(f)) < 0) {
        die(name, strerror(errno));
    }

    rewind(f);

    data = malloc(n + 1);
    if (data == NULL || fread(data, 1, n, f) != (size_t) n) {
        die(name, "cannot be read");
    }

    fclose(f);

    data[n] = '\0';
    *size = n;

    return data;
}


static int32_t
read_number(char **p, const char *end, const char *name)
{
    int32_t  n;

    if (end - *p < (long) sizeof(n)) {
        die(name, "is cut");
    }

    memcpy(&n, *p, sizeof(n));
    *p += sizeof(n);

    return n;
}


static void
read_pages(const char *name)
{
    int       i;
    char     *p, *end;
    size_t    size;
    page_t   *page;
    int32_t   len;

    p = read_file(name, &size);
    end = p + size;

    while (p < end) {
        pages = realloc(pages, (npages + 1) * sizeof(page_t));
        if (pages == NULL) {
            die(name, "no memory");
        }

        page = &pages[npages++];
        memset(page, 0, sizeof(page_t));
        nparams = read_number(&p, end, name);

        if (nparams <= PAGE || nparams > PARAMS_MAX) {
            die(name, "has too few or too many parameters");
        }

        for (i = 0; i < nparams; i++) {
            len = read_number(&p, end, name);

            if (len >= 0) {
                page->values[i] = p;
                p += len + 1;
            }
        }
    }

    if (p != end || npages == 0) {
        die(name, "is cut");
    }
}


/* The columns, as the module sends them: in binary form, as PostgreSQL gives
 * them back. */

static void
make_binary(page_t *page, PGconn *pg, const char *sql, const Oid *types)
{
    int        i, n;
    PGresult  *result;

    result = PQexecParams(pg, sql, nparams, types,
                          (const char *const *) page->values, NULL, NULL, 1);

    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        die("columns", PQerrorMessage(pg));
    }

    for (i = FIRST_ARRAY, n = 0; i < nparams; i++, n++) {
        page->values[i] = PQgetvalue(result, 0, n);
        page->lengths[i] = PQgetlength(result, 0, n);
        page->formats[i] = 1;
    }

    /* the result lives as long as its values */
}


static void
make_all_binary(PGconn *pg)
{
    int        i, n;
    Oid        types[PARAMS_MAX];
    char       sql[PARAMS_MAX * sizeof("$100, ")];
    size_t     page;
    PGresult  *described;

    described = PQdescribePrepared(pg, "page");

    if (PQresultStatus(described) != PGRES_COMMAND_OK) {
        die("describe", PQerrorMessage(pg));
    }

    n = snprintf(sql, sizeof(sql), "SELECT ");

    for (i = 0; i < nparams; i++) {
        types[i] = PQparamtype(described, i);

        if (i >= FIRST_ARRAY) {
            n += snprintf(sql + n, sizeof(sql) - n, "%s$%d",
                          i > FIRST_ARRAY ? ", " : "", i + 1);
        }
    }

    for (page = 0; page < npages; page++) {
        make_binary(&pages[page], pg, sql, types);
    }

    PQclear(described);
}


static void
open_connection(connection_t *c, int number, const char *conninfo,
    const char *sql)
{
    PGresult  *result;

    memset(c, 0, sizeof(connection_t));

    c->number = number;
    c->pg = PQconnectdb(conninfo);

    if (PQstatus(c->pg) != CONNECTION_OK) {
        die("connection", PQerrorMessage(c->pg));
    }

    result = PQprepare(c->pg, "page", sql, nparams, NULL);

    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        die("prepare", PQerrorMessage(c->pg));
    }

    PQclear(result);

    if (number == 0) {
        make_all_binary(c->pg);
    }

    if (PQsetnonblocking(c->pg, 1) != 0 || PQenterPipelineMode(c->pg) != 1) {
        die("pipeline", PQerrorMessage(c->pg));
    }
}


static void
send_page(connection_t *c)
{
    char         user[64], number[32];
    page_t      *page;
    const char  *values[PARAMS_MAX];

    if (c->next == npages) {
        c->next = 0;
        c->user++;
    }

    page = &pages[c->next];
    memcpy(values, page->values, sizeof(values));

    snprintf(user, sizeof(user), "%s%d_%d", prefix, c->number, c->user);
    snprintf(number, sizeof(number), "%zu", c->next++);

    values[USER] = user;
    values[NUMBER] = "1";
    values[LEASE] = "1";
    values[PAGE] = number;

    if (PQsendQueryPrepared(c->pg, "page", nparams, values, page->lengths,
                            page->formats, 0)
        != 1
        || PQpipelineSync(c->pg) != 1)
    {
        die("send", PQerrorMessage(c->pg));
    }

    c->in_flight++;
    c->sent++;
}


/* A page counts once its transaction has ended. */

static void
read_results(connection_t *c)
{
    PGresult  *result;

    if (PQconsumeInput(c->pg) != 1) {
        die("read", PQerrorMessage(c->pg));
    }

    while (c->in_flight && !PQisBusy(c->pg)) {
        result = PQgetResult(c->pg);
        if (result == NULL) {
            continue;
        }

        switch (PQresultStatus(result)) {

        case PGRES_TUPLES_OK:
            if (PQntuples(result) != 1) {
                die("page", "was not taken");
            }
            break;

        case PGRES_PIPELINE_SYNC:
            c->in_flight--;
            c->done++;
            break;

        default:
            die("page", PQresultErrorMessage(result));
        }

        PQclear(result);
    }
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


/* Whether another page may go on its way. */

static int
may_send(connection_t *c, unsigned depth, unsigned long limit, double end)
{
    return c->in_flight < depth && c->sent < limit && now() < end;
}


int
main(int argc, char **argv)
{
    int            i, n, flushed;
    char          *sql;
    size_t         size;
    double         start, end;
    unsigned       depth, busy;
    unsigned long  done, limit;
    connection_t   connections[CONNECTIONS];
    struct pollfd  fds[CONNECTIONS];

    if (argc != 9) {
        die("usage", "CONNINFO PREFIX CONNECTIONS DEPTH SECONDS LIMIT "
                     "STATEMENT PAGES");
    }

    prefix = argv[2];
    n = atoi(argv[3]);
    depth = atoi(argv[4]);
    limit = strtoul(argv[6], NULL, 10);

    if (n < 1 || n > CONNECTIONS || depth < 1) {
        die("usage", "how many?");
    }

    sql = read_file(argv[7], &size);
    read_pages(argv[8]);

    signal(SIGPIPE, SIG_IGN);

    for (i = 0; i < n; i++) {
        open_connection(&connections[i], i, argv[1], sql);
    }

    start = now();
    end = start + atof(argv[5]);

    do {
        busy = 0;

        for (i = 0; i < n; i++) {
            while (may_send(&connections[i], depth, limit, end)) {
                send_page(&connections[i]);
            }

            flushed = PQflush(connections[i].pg);
            if (flushed < 0) {
                die("send", PQerrorMessage(connections[i].pg));
            }

            fds[i].fd = PQsocket(connections[i].pg);
            fds[i].events = POLLIN | (flushed ? POLLOUT : 0);
            fds[i].revents = 0;

            busy += connections[i].in_flight;
        }

        if (busy && poll(fds, n, 1000) < 0 && errno != EINTR) {
            die("poll", strerror(errno));
        }

        for (i = 0; i < n; i++) {
            if (fds[i].revents) {
                read_results(&connections[i]);
            }
        }

    } while (busy);

    for (done = 0, i = 0; i < n; i++) {
        done += connections[i].done;
        PQfinish(connections[i].pg);
    }

    printf("%lu pages in %.3f seconds\n", done, now() - start);

    return 0;
}
