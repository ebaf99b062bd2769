use super::{SqliteLedger, storage};
use crate::ledger::{LedgerError, MAX_ORPHANS, Parts, PutPart};
use bilik_claim::ids::{BoothId, Digest, WallTime};
use rusqlite::{OptionalExtension as _, params};

impl Parts for SqliteLedger {
    fn put_part(&self, booth: BoothId, digest: Digest, bytes: &[u8], now: WallTime) -> Result<PutPart, LedgerError> {
        let booth = booth.to_string();
        self.write("keep a part", |transaction| {
            let run = || -> rusqlite::Result<PutPart> {
                let known: bool = transaction
                    .prepare_cached("SELECT EXISTS (SELECT 1 FROM parts WHERE booth = ?1 AND digest = ?2)")?
                    .query_row(params![booth, digest.0], |row| row.get(0))?;
                if known {
                    return Ok(PutPart::Known);
                }
                let orphans: u32 = transaction
                    .prepare_cached("SELECT count(*) FROM parts WHERE booth = ?1 AND claim IS NULL")?
                    .query_row([&booth], |row| row.get(0))?;
                if orphans >= MAX_ORPHANS {
                    return Ok(PutPart::Full);
                }
                transaction
                    .prepare_cached("INSERT INTO parts (booth, digest, received_at, bytes) VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![booth, digest.0, now.0, bytes])?;
                Ok(PutPart::Stored)
            };
            run().map_err(|source| storage("keep a part", source))
        })
    }

    fn part_sizes(&self, booth: BoothId, digests: &[Digest]) -> Result<Vec<Option<u64>>, LedgerError> {
        self.read("look parts up", |connection| {
            let mut statement =
                connection.prepare_cached("SELECT length(bytes) FROM parts WHERE booth = ?1 AND digest = ?2")?;
            let booth = booth.to_string();
            let mut size = |digest: &Digest| {
                let size: Option<i64> = statement.query_row(params![booth, digest.0], |row| row.get(0)).optional()?;
                Ok(size.and_then(|size| u64::try_from(size).ok()))
            };
            digests.iter().map(&mut size).collect()
        })
    }

    fn part(&self, booth: BoothId, digest: Digest) -> Result<Option<Vec<u8>>, LedgerError> {
        self.read("read a part", |connection| {
            connection
                .prepare_cached("SELECT bytes FROM parts WHERE booth = ?1 AND digest = ?2")?
                .query_row(params![booth.to_string(), digest.0], |row| row.get(0))
                .optional()
        })
    }

    fn drop_orphans(&self, before: WallTime) -> Result<usize, LedgerError> {
        self.write("drop parts that no claim needs", |transaction| {
            transaction
                .execute("DELETE FROM parts WHERE claim IS NULL AND received_at < ?1", [before.0])
                .map_err(|source| storage("drop parts that no claim needs", source))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::temporary;
    use super::*;
    use uuid::Uuid;

    const A: BoothId = BoothId(Uuid::from_u128(1));
    const B: BoothId = BoothId(Uuid::from_u128(2));

    #[test]
    fn a_part_is_kept_once_for_its_booth() {
        let (_dir, ledger) = temporary();
        let digest = Digest::of(b"sealed");
        let put = |booth| ledger.put_part(booth, digest, b"sealed", WallTime(5)).unwrap();
        assert_eq!(put(A), PutPart::Stored);
        assert_eq!(put(A), PutPart::Known);
        assert_eq!(ledger.part_sizes(B, &[digest]).unwrap(), [None], "another booth sees nothing of it");
        assert_eq!(ledger.part_sizes(A, &[Digest::of(b"x"), digest]).unwrap(), [None, Some(6)]);
        assert_eq!(ledger.part(A, digest).unwrap().as_deref(), Some(b"sealed".as_slice()));
        assert_eq!(ledger.drop_orphans(WallTime(5)).unwrap(), 0);
        assert_eq!(ledger.drop_orphans(WallTime(6)).unwrap(), 1);
        assert_eq!(ledger.part(A, digest).unwrap(), None);
    }

    #[test]
    fn one_booth_cannot_fill_the_disk() {
        let (_dir, ledger) = temporary();
        for number in 0..MAX_ORPHANS {
            let bytes = number.to_be_bytes();
            assert_eq!(ledger.put_part(A, Digest::of(&bytes), &bytes, WallTime(0)).unwrap(), PutPart::Stored);
        }
        assert_eq!(ledger.put_part(A, Digest::of(b"more"), b"more", WallTime(0)).unwrap(), PutPart::Full);
        assert_eq!(ledger.put_part(B, Digest::of(b"more"), b"more", WallTime(0)).unwrap(), PutPart::Stored);
    }
}
