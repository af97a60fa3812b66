
/*
 * Amazon's operations and their quotas, as the official models have them.  A
 * bucket learns what an application really has from Amazon's answers.
 */


#include <dataset/amzsync_dataset.h>


/* In the order of amzsync_operation_e. */

const amzsync_operation_t  amzsync_operations[AMZSYNC_OPERATIONS] = {
    { "getMarketplaceParticipations", 0.016, 15 },
    { "searchOrders", 0.0056, 20 },
    { "getInventorySummaries", 2, 2 },
    { "listTransactions", 0.5, 10 },
    { "createReport", 0.0167, 15 },
    { "getReports", 0.0222, 10 },
    { "getReport", 2, 15 },
    { "getReportDocument", 0.0167, 15 },
    { "getShipments", 2, 30 },
    { "getShipmentItemsByShipmentId", 2, 30 },
    { "getShipmentItems", 2, 30 }
};
