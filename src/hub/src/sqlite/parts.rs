use super::{SqliteLedger, storage};
use crate::ledger::{LedgerError, MAX_ORPHANS, Parts, PutPart};
use bilik_claim::ids::{BoothId, Digest, WallTime};
use rusqlite::{OptionalExtension as _, params};

impl Parts for SqliteLedger {
    fn put_part(&self, booth: BoothId, digest: Digest, bytes: &[u8], now: WallTime) -> Result<PutPart, LedgerError> {
        const OPERATION: &str = "keep a part";
        let booth = booth.to_string();
        let put = self.write(OPERATION, |transaction| {
            let run = || -> rusqlite::Result<PutPart> {
                let known: Option<(i64, Vec<u8>)> = transaction
                    .prepare_cached("SELECT id, bytes FROM parts WHERE booth = ?1 AND digest = ?2")?
                    .query_row(params![booth, digest.0], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                match known {
                    Some((_, kept)) if Digest::of(&kept) == digest => return Ok(PutPart::Known),
                    Some((id, _)) => {
                        transaction.execute("UPDATE parts SET bytes = ?2 WHERE id = ?1", params![id, bytes])?;
                        return Ok(PutPart::Mended);
                    }
                    None => {}
                }
                // All but the newest that leave one place.
                transaction
                    .prepare_cached(
                        "DELETE FROM parts WHERE id IN (SELECT id FROM parts WHERE booth = ?1 AND claim IS NULL
                             ORDER BY received_at DESC, id DESC LIMIT -1 OFFSET ?2)",
                    )?
                    .execute(params![booth, MAX_ORPHANS - 1])?;
                transaction
                    .prepare_cached("INSERT INTO parts (booth, digest, received_at, bytes) VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![booth, digest.0, now.0, bytes])?;
                Ok(PutPart::Stored)
            };
            run().map_err(|source| storage(OPERATION, source))
        })?;
        if put != PutPart::Known {
            self.note_room();
        }
        Ok(put)
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
                .execute("DELETE FROM notes WHERE claim IS NULL AND written_at < ?1", [before.0])
                .and_then(|_| {
                    transaction.execute("DELETE FROM parts WHERE claim IS NULL AND received_at < ?1", [before.0])
                })
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
    fn what_went_bad_is_replaced() {
        let (_dir, ledger) = temporary();
        let digest = Digest::of(b"sealed");
        let put = || ledger.put_part(A, digest, b"sealed", WallTime(5)).unwrap();
        assert_eq!(put(), PutPart::Stored);
        ledger.db().execute("UPDATE parts SET bytes = x'00', claim = 'c'", []).unwrap();
        assert_eq!(put(), PutPart::Mended);
        assert_eq!(ledger.part(A, digest).unwrap().as_deref(), Some(b"sealed".as_slice()));
        assert_eq!(put(), PutPart::Known);
        assert_eq!(ledger.drop_orphans(WallTime(6)).unwrap(), 0, "it still belongs to its claim");
    }

    #[test]
    fn one_booth_cannot_fill_the_disk_nor_shut_itself_out() {
        let (_dir, ledger) = temporary();
        let digest = |number: u32| Digest::of(&number.to_be_bytes());
        let put = |booth, number: u32| {
            ledger.put_part(booth, digest(number), &number.to_be_bytes(), WallTime(number.into())).unwrap()
        };
        let here = |booth, number| ledger.part(booth, digest(number)).unwrap().is_some();
        put(A, 0);
        ledger.db().execute("UPDATE parts SET claim = 'c'", []).unwrap();
        put(B, 1);
        for number in 1..=MAX_ORPHANS + 1 {
            assert_eq!(put(A, number), PutPart::Stored);
        }
        assert!(!here(A, 1) && here(A, 2) && here(A, MAX_ORPHANS + 1), "the oldest makes way");
        assert!(here(A, 0), "what a claim needs stays");
        assert!(here(B, 1), "another booth's stay");
    }
}
