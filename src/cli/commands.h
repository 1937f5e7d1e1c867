// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/options.h"

namespace promtally::cli {

/// One function a sub-command: does the work, prints, and returns the exit status.
int RunCheck(const CheckOptions& options);
int RunQuery(const QueryOptions& options);
int RunPromql(const PromqlOptions& options);
int RunCollect(const CollectOptions& options);
int RunServe(const ServeOptions& options);
int RunUsage(const UsageOptions& options);
int RunStatus(const ReportOptions& options);
int RunVerify(const ReportOptions& options);
int RunAccept(const AcceptOptions& options);
int RunLedgerBackup(const LedgerFileOptions& options);
int RunLedgerRestore(const LedgerFileOptions& options);
int RunLedgerCheck(const LedgerFileOptions& options);
int RunDiff(const DiffOptions& options);
int RunReconcile(const ReconcileOptions& options);
int RunTests(const TestOptions& options);
/// `audit` and (`on_demand`) `recollect`: reads answered periods again.
int RunReread(const RereadOptions& options, bool on_demand);
/// The way of one record from samples to quantity.
int RunExplain(const ExplainOptions& options);
int RunHealth(const HealthOptions& options);
/// Reads one line of standard input and prints its bcrypt hash, for web.yml.
int RunHashPassword();

}  // namespace promtally::cli
