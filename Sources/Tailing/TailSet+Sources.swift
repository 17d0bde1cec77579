import SystemIO

// MARK: Other sources while running

extension TailSet {
    /// Follows the files of other sources from now on. Files go on where they are with the source of the same name, or with the
    /// first that takes them. Gives those that none takes any more: they are closed and forgotten.
    ///
    /// Looks at no disk; ``lookAtNewSources()`` does.
    package func use(_ newSources: [TailSource], pollNanoseconds: UInt64) -> [TailedFile] {
        let names = sources.map(\.name)
        sources = newSources
        self.pollNanoseconds = pollNanoseconds
        addedSources = Set(newSources.indices.filter { !names.contains(newSources[$0].name) })
        var released: [TailedFile] = []
        for file in files.values.sorted(by: { $0.id < $1.id }) {
            if let index = sourceIndex(takingFirst: file.firstPath, preferring: names[file.sourceIndex]) {
                file.sourceIndex = index
            } else {
                released.append(file)
            }
        }
        for file in released { forget(file) }
        forgetReadable()
        // The next look finds them again.
        possibleCopies.removeAll()
        return released
    }

    /// Goes on in a file that was let go before, if a source takes it now.
    package func takeBack(_ saved: SavedFile) -> TailedFile? {
        restore(saved)
    }

    /// The first look at everything that the sources of ``use(_:pollNanoseconds:)`` can reach.
    package func lookAtNewSources() {
        scan()
        if !unverified.isEmpty { settleUnverified() }
        addedSources = []
    }
}
