internal import Recovery

/// What `holdfast export` prints.
enum ExportRendering {
    private struct Output: Encodable {
        let restorePoint: String
        let folder: String
        let verdict: String
        let files: [ExportedFile]
        let leftOut: [ExportPlan.Omission]
        let differences: [String]
        let remarks: [String]
    }

    private struct PlanOutput: Encodable {
        struct File: Encodable {
            let name: String
            let component: Component
            let content: String
            let maximumBytes: Int64
        }
        let restorePoint: String
        let folder: String
        let files: [File]
        let leftOut: [ExportPlan.Omission]
        let remarks: [String]
        let maximumBytes: Int64
    }

    static func show(_ plan: ExportPlan, _ common: CommonOptions) throws {
        if common.json {
            return try Console.json(
                PlanOutput(
                    restorePoint: plan.restorePoint.manifest.id,
                    folder: plan.folder,
                    files: plan.items.map {
                        PlanOutput.File(
                            name: $0.name,
                            component: $0.component,
                            content: $0.content,
                            maximumBytes: $0.maximumBytes
                        )
                    },
                    leftOut: plan.leftOut,
                    remarks: plan.remarks,
                    maximumBytes: plan.maximumBytes
                )
            )
        }
        Console.result("would export restore point \(plan.restorePoint.manifest.id) to \(plan.folder)")
        for item in plan.items {
            Console.result("  \(item.name): \(item.content), at most \(Formatting.bytes(item.maximumBytes))")
        }
        show(plan.leftOut, plan.remarks, common)
    }

    static func show(_ report: ExportReport, _ common: CommonOptions) throws {
        if common.json {
            return try Console.json(
                Output(
                    restorePoint: report.restorePoint.manifest.id,
                    folder: report.folder,
                    verdict: report.isVerified ? "verified" : "failed",
                    files: report.files,
                    leftOut: report.leftOut,
                    differences: report.differences,
                    remarks: report.remarks
                )
            )
        }
        let total = report.files.reduce(0) { $0 + $1.bytes }
        Console.result(
            "exported restore point \(report.restorePoint.manifest.id) to \(report.folder): "
                + "\(Formatting.count(report.files.count, "file")), \(Formatting.bytes(total))"
        )
        for file in report.files {
            Console.result("  \(file.name): \(file.content), \(Formatting.bytes(file.bytes))")
            Console.result("    sha256 \(file.sha256)")
        }
        for difference in report.differences { Console.result("  differs: \(difference)") }
        show(report.leftOut, report.remarks, common)
    }

    private static func show(_ leftOut: [ExportPlan.Omission], _ remarks: [String], _ common: CommonOptions) {
        for item in leftOut {
            let name = EntryRendering.printable(Array(item.name.utf8))
            Console.result("  left out: \(item.component.rawValue) \(name) \(item.reason)")
        }
        for remark in remarks { common.remark("remark: \(remark)") }
    }
}
