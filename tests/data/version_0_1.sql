BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'relay','m001_create_connections','2026-11-30 19:33:36.533255+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'relay','m002_create_catalogs','2026-11-30 19:33:36.533563+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'relay','m003_create_deliveries','2026-11-30 19:33:36.534076+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'relay','m004_create_habits','2026-11-30 19:33:36.534558+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'relay','m005_add_doubts','2026-11-30 19:33:36.541323+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'relay','m006_create_delivery_events','2026-11-30 19:33:36.541854+00:00');
INSERT INTO "_sqlite_migrations" VALUES(7,'relay','m007_follow_modals','2026-11-30 19:33:36.542664+00:00');
INSERT INTO "_sqlite_migrations" VALUES(8,'relay','m008_add_custom_fields','2026-11-30 19:33:36.543093+00:00');
INSERT INTO "_sqlite_migrations" VALUES(9,'relay','m009_add_steps','2026-11-30 19:33:36.546114+00:00');
INSERT INTO "_sqlite_migrations" VALUES(10,'relay','m010_create_installations','2026-11-30 19:33:36.546421+00:00');
INSERT INTO "_sqlite_migrations" VALUES(11,'relay','m011_create_links','2026-11-30 19:33:36.546631+00:00');
INSERT INTO "_sqlite_migrations" VALUES(12,'relay','m012_create_permissions','2026-11-30 19:33:36.546826+00:00');
INSERT INTO "_sqlite_migrations" VALUES(13,'relay','m013_add_rights','2026-11-30 19:33:36.551798+00:00');
CREATE TABLE catalogs (
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            vendor TEXT NOT NULL,
            name TEXT NOT NULL,
            entries TEXT NOT NULL,
            fetched_at REAL NOT NULL,
            PRIMARY KEY (enterprise, team, vendor, name),
            FOREIGN KEY (enterprise, team, vendor) REFERENCES connections ON DELETE CASCADE
        ) WITHOUT ROWID
        ;
CREATE TABLE connections (
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            vendor TEXT NOT NULL,
            account TEXT NOT NULL,
            account_name TEXT NOT NULL,
            secret TEXT NOT NULL,
            broken TEXT NOT NULL DEFAULT '',
            created_at REAL NOT NULL,
            checked_at REAL NOT NULL, connected_by TEXT NOT NULL DEFAULT '', rights TEXT NOT NULL DEFAULT '{}',
            PRIMARY KEY (enterprise, team, vendor)
        ) WITHOUT ROWID
        ;
INSERT INTO "connections" VALUES('','T0HERE0001','notes','acme','Acme','gAAAAABrDc-QCkfhM9DNgSGlIowzSU66E20iicbzcQKLSoHGZc3saDRrogDxU2nAIxW6koyPKH0AuZ6aMiJy9gYHATNvKlHEaoNQYHq6zAVuc27e0lfEFwdnMBcMsMXd6XR6nGrIp_ftWw5MzFDuHWtpYVi-Np2aGOWgziH2iP88lMzKpTNQTMjHVe464I3Cirs0-o0RdB8Bk1aVg5nR2QuJLEJ2oS9ddA==','',1800000000.0,1800000000.0,'U0BOB00001','{"acts_as":"","roles":[],"cannot":{},"limited":{}}');
CREATE TABLE deliveries (
            id INTEGER PRIMARY KEY,
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            key TEXT NOT NULL,
            kind TEXT NOT NULL,
            vendor TEXT NOT NULL,
            operation TEXT NOT NULL,
            answer TEXT NOT NULL,
            account TEXT NOT NULL,
            actor TEXT NOT NULL,
            actor_name TEXT NOT NULL,
            channel TEXT NOT NULL,
            private INTEGER NOT NULL,
            title TEXT NOT NULL,
            payload TEXT NOT NULL,
            chosen TEXT NOT NULL,
            revision INTEGER NOT NULL DEFAULT 0,
            state TEXT NOT NULL CHECK (
                state IN ('queued', 'sending', 'delivered', 'rejected', 'unconfirmed', 'failed')
            ),
            attempt INTEGER NOT NULL DEFAULT 0,
            reason TEXT NOT NULL DEFAULT '',
            sentence TEXT NOT NULL DEFAULT '',
            fields TEXT NOT NULL DEFAULT '{}',
            created TEXT NOT NULL DEFAULT '{}',
            made_at REAL NOT NULL,
            due_at REAL NOT NULL,
            lease_until REAL NOT NULL DEFAULT 0,
            version INTEGER NOT NULL DEFAULT 1,
            shown_version INTEGER NOT NULL DEFAULT 0,
            card_after REAL NOT NULL,
            card_channel TEXT NOT NULL DEFAULT '',
            card_ts TEXT NOT NULL DEFAULT '', expected_at REAL NOT NULL DEFAULT 0, give_up_at REAL NOT NULL DEFAULT 0, sent_at REAL NOT NULL DEFAULT 0, tried_at REAL NOT NULL DEFAULT 0, look_at REAL NOT NULL DEFAULT 0, looks INTEGER NOT NULL DEFAULT 0, resends INTEGER NOT NULL DEFAULT 0, twins TEXT NOT NULL DEFAULT '[]', changed_at REAL NOT NULL DEFAULT 0, changed_by TEXT NOT NULL DEFAULT '', erased_at REAL NOT NULL DEFAULT 0, view_id TEXT NOT NULL DEFAULT '', view_shown INTEGER NOT NULL DEFAULT 0, view_after REAL NOT NULL DEFAULT 0, custom TEXT NOT NULL DEFAULT '[]', steps TEXT NOT NULL DEFAULT '{}', steps_at REAL NOT NULL DEFAULT 0,
            UNIQUE (enterprise, team, key)
        );
INSERT INTO "deliveries" VALUES(1,'','T0HERE0001','delivered','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About delivered','{"text": "About delivered"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'delivered',1,'','','{}','{"id": "n1", "reference": "N-1", "title": "A note", "url": "https://notes.example.com/1", "note": ""}',1800000010.0,0.0,1800000055.0,2,2,0.0,'C0GENERAL1','1800000000.000100',0.0,1800086410.0,1800000010.0,1800000010.0,0.0,0,0,'[]',1800000011.0,'',0.0,'',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(2,'','T0HERE0001','found','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About found','{"text": "About found"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'delivered',1,'found','Notes did not answer in time.','{}','{"id":"n2","reference":"N-2","title":"Two","url":"https://notes.example.com/2","note":""}',1800000021.0,0.0,1800000066.0,3,0,1800000024.0,'','',0.0,1800086421.0,1800000021.0,1800000021.0,0.0,1,0,'[]',1800000032.0,'',0.0,'',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(3,'','T0HERE0001','twice','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About twice','{"text": "About twice"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'delivered',2,'created_twice','','{}','{"id": "n3", "reference": "N-3", "title": "A note", "url": "https://notes.example.com/1", "note": ""}',1800000042.0,0.0,1800000088.0,5,0,1800000045.0,'','',0.0,1800086442.0,1800000042.0,1800000043.0,0.0,0,1,'[{"id": "n4", "reference": "N-4", "title": "A note", "url": "", "note": ""}]',1800000103.0,'',0.0,'',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(4,'','T0HERE0001','unfinished','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About unfinished','{"text": "About unfinished"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'delivered',1,'','','{}','{"id": "n5", "reference": "N-1", "title": "A note", "url": "https://notes.example.com/1", "note": ""}',1800000113.0,0.0,1800000158.0,2,0,1800000116.0,'','',0.0,1800086514.0,1800000113.0,1800000113.0,0.0,0,0,'[]',1800000114.0,'',0.0,'',0,0.0,'[]','{"custom.a": "", "custom.b": ""}',1800000170.0);
INSERT INTO "deliveries" VALUES(5,'','T0HERE0001','half_done','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About half_done','{"text": "About half_done"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'delivered',1,'','','{}','{"id": "n6", "reference": "N-1", "title": "A note", "url": "https://notes.example.com/1", "note": ""}',1800000124.0,0.0,1800000169.0,2,0,1800000127.0,'','',0.0,1800086525.0,1800000124.0,1800000124.0,0.0,0,0,'[]',1800000125.0,'',0.0,'',0,0.0,'[]','{"custom.b": ""}',1800000170.0);
INSERT INTO "deliveries" VALUES(6,'','T0HERE0001','step_refused','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About step_refused','{"text": "About step_refused"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'delivered',1,'','','{}','{"id": "n7", "reference": "N-1", "title": "A note", "url": "https://notes.example.com/1", "note": ""}',1800000135.0,0.0,1800000180.0,3,0,1800000138.0,'','',0.0,1800086536.0,1800000135.0,1800000135.0,0.0,0,0,'[]',1800000136.0,'',0.0,'',0,0.0,'[]','{"custom.a": "Notes says \u201cNo\u201d."}',0.0);
INSERT INTO "deliveries" VALUES(7,'','T0HERE0001','rejected','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About rejected','{"text": "About rejected"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'rejected',1,'refused','Not like this.','{"text": "is too short"}','{}',1800000146.0,0.0,1800000191.0,2,2,0.0,'','',0.0,1800086546.0,1800000146.0,1800000146.0,0.0,0,0,'[]',1800000147.0,'',0.0,'',2,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(8,'','T0HERE0001','corrected','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'Better','{"text": "About corrected"}','{"people/1": {"id": "1", "label": "Ann"}}',1,'delivered',2,'','','{}','{"id": "n8", "reference": "N-1", "title": "A note", "url": "https://notes.example.com/1", "note": ""}',1800000168.0,0.0,1800000213.0,4,0,1800000171.0,'','',0.0,1800086568.0,1800000168.0,1800000168.0,0.0,0,0,'[]',1800000169.0,'',0.0,'',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(9,'','T0HERE0001','looked_up','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About looked_up','{"text": "About looked_up"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'unconfirmed',1,'unclear','Notes did not answer in time.','{}','{}',1800000179.0,0.0,1800000224.0,2,0,1800000182.0,'','',0.0,1800086579.0,1800000179.0,1800000179.0,1800000182.0,0,0,'[]',1800000180.0,'',0.0,'V0LOOKED',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(10,'','T0HERE0001','undecided','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About undecided','{"text": "About undecided"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'unconfirmed',1,'undecided','Notes has not answered for 24 hours.','{}','{}',1800000190.0,0.0,1800000235.0,3,0,1800000193.0,'','',0.0,1800086590.0,1800000190.0,1800000190.0,0.0,0,0,'[]',1800000191.0,'',0.0,'',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(11,'','T0HERE0001','unanswered','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About unanswered','{"text": "About unanswered"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'unconfirmed',1,'unanswered','Notes does not answer.','{}','{}',1800000201.0,0.0,1800000246.0,3,0,1800000204.0,'','',0.0,1800086601.0,1800000201.0,1800000201.0,1800000232.0,0,0,'[]',1800000202.0,'',0.0,'',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(12,'','T0HERE0001','lease','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About lease','{"text": "About lease"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'unconfirmed',1,'lease','The bot stopped while it was being sent.','{}','{}',1800000212.0,1800000212.0,1800000257.0,2,0,1800000215.0,'','',0.0,1800086612.0,1800000212.0,1800000212.0,1800000274.0,0,0,'[]',1800000272.0,'',0.0,'',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(13,'','T0HERE0001','gave_up','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About gave_up','{"text": "About gave_up"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'failed',1,'gave_up','It could not be sent to Notes in time.','{}','{}',1800000282.0,0.0,1800000327.0,2,0,1800000285.0,'','',0.0,1800086682.0,1800000282.0,1800000282.0,0.0,0,0,'[]',1800000283.0,'',0.0,'',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(14,'','T0HERE0001','unauthorized','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About unauthorized','{"text": "About unauthorized"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'failed',1,'unauthorized','Notes no longer accepts the token.','{}','{}',1800000293.0,0.0,1800000338.0,2,0,1800000296.0,'','',0.0,1800086693.0,1800000293.0,1800000293.0,0.0,0,0,'[]',1800000294.0,'',0.0,'',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(15,'','T0HERE0001','forbidden','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',1,'About forbidden','{"text": "About forbidden"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'failed',1,'forbidden','The token may not do that.','{}','{}',1800000304.0,0.0,1800000349.0,2,0,1800000307.0,'','',0.0,1800086704.0,1800000304.0,1800000304.0,0.0,0,0,'[]',1800000305.0,'',0.0,'',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(16,'','T0HERE0001','cancelled','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About cancelled','{"text": "About cancelled"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'failed',0,'cancelled','','{}','{}',1800000315.0,1800000315.0,1800000315.0,2,0,1800000318.0,'','',0.0,1800086715.0,0.0,0.0,0.0,0,0,'[]',1800000315.0,'U0BOB00001',0.0,'',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(17,'','T0HERE0001','by_hand','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About by_hand','{"text": "About by_hand"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'failed',1,'by_hand','','{}','{}',1800000325.0,0.0,1800000370.0,3,0,1800000328.0,'','',0.0,1800086725.0,1800000325.0,1800000325.0,0.0,0,0,'[]',1800000326.0,'U0ANN00001',0.0,'',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(18,'','T0HERE0001','sent_before','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About sent_before','{"text": "About sent_before"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'failed',1,'cancelled','','{}','{}',1800000336.0,1800000337.0,1800000381.0,4,0,1800000339.0,'','',0.0,1800086737.0,1800000336.0,1800000336.0,0.0,0,1,'[]',1800000337.0,'operator',0.0,'',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(19,'','T0HERE0001','erased','incident','notes','note','','acme','U0ANN00001','','C0GENERAL1',0,'','{}','{}',0,'delivered',1,'','','{}','{"id": "n1", "reference": "N-1", "url": "https://notes.example.com/1"}',1790000010.0,0.0,1790000055.0,2,2,1790000013.0,'','',0.0,1790086410.0,1790000010.0,1790000010.0,0.0,0,0,'[]',1800000337.0,'',1800000337.0,'',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(20,'','T0HERE0001','sending','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About sending','{"text": "About sending"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'sending',1,'','','{}','{}',1800000347.0,1800000347.0,1800000392.0,1,0,1800000350.0,'','',0.0,1800086747.0,1800000347.0,1800000347.0,0.0,0,0,'[]',1800000347.0,'U0ANN00001',0.0,'',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(21,'','T0HERE0001','queued','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About queued','{"text": "About queued"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'queued',1,'rate_limited','Notes takes no more.','{}','{}',1800000357.0,1800000388.0,1800000402.0,2,2,0.0,'C0GENERAL1','1800000000.000200',0.0,1800086757.0,1800000357.0,1800000357.0,0.0,0,0,'[]',1800000358.0,'',0.0,'V0QUEUED',0,0.0,'[]','{}',0.0);
INSERT INTO "deliveries" VALUES(22,'','T0HERE0001','waiting','incident','notes','note','','acme','U0ANN00001','Ann','C0GENERAL1',0,'About waiting','{"text": "About waiting"}','{"people/1": {"id": "1", "label": "Ann"}}',0,'queued',0,'','','{}','{}',1800000368.0,1800000368.0,1800000368.0,1,0,1800000371.0,'','',0.0,1800086768.0,0.0,0.0,0.0,0,0,'[]',1800000368.0,'U0ANN00001',0.0,'',0,0.0,'[]','{}',0.0);
CREATE TABLE delivery_events (
            id INTEGER PRIMARY KEY,
            delivery INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
            at REAL NOT NULL,
            actor TEXT NOT NULL,
            state TEXT NOT NULL,
            reason TEXT NOT NULL,
            attempt INTEGER NOT NULL
        );
INSERT INTO "delivery_events" VALUES(1,1,1800000010.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(2,1,1800000011.0,'','delivered','',1);
INSERT INTO "delivery_events" VALUES(3,2,1800000021.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(4,2,1800000022.0,'','unconfirmed','unclear',1);
INSERT INTO "delivery_events" VALUES(5,2,1800000032.0,'','unconfirmed','not_there_yet',1);
INSERT INTO "delivery_events" VALUES(6,2,1800000032.0,'','delivered','found',1);
INSERT INTO "delivery_events" VALUES(7,3,1800000042.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(8,3,1800000043.0,'','unconfirmed','unclear',1);
INSERT INTO "delivery_events" VALUES(9,3,1800000043.0,'','queued','absent',1);
INSERT INTO "delivery_events" VALUES(10,3,1800000043.0,'','sending','absent',2);
INSERT INTO "delivery_events" VALUES(11,3,1800000043.0,'','delivered','',2);
INSERT INTO "delivery_events" VALUES(12,3,1800000103.0,'','delivered','created_twice',2);
INSERT INTO "delivery_events" VALUES(13,4,1800000113.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(14,4,1800000114.0,'','delivered','',1);
INSERT INTO "delivery_events" VALUES(15,5,1800000124.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(16,5,1800000125.0,'','delivered','',1);
INSERT INTO "delivery_events" VALUES(17,5,1800000125.0,'','delivered','step_done',1);
INSERT INTO "delivery_events" VALUES(18,6,1800000135.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(19,6,1800000136.0,'','delivered','',1);
INSERT INTO "delivery_events" VALUES(20,6,1800000136.0,'','delivered','step_not_done',1);
INSERT INTO "delivery_events" VALUES(21,7,1800000146.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(22,7,1800000147.0,'','rejected','refused',1);
INSERT INTO "delivery_events" VALUES(23,8,1800000157.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(24,8,1800000158.0,'','rejected','refused',1);
INSERT INTO "delivery_events" VALUES(25,8,1800000168.0,'U0ANN00001','sending','',2);
INSERT INTO "delivery_events" VALUES(26,8,1800000169.0,'','delivered','',2);
INSERT INTO "delivery_events" VALUES(27,9,1800000179.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(28,9,1800000180.0,'','unconfirmed','unclear',1);
INSERT INTO "delivery_events" VALUES(29,10,1800000190.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(30,10,1800000191.0,'','unconfirmed','unclear',1);
INSERT INTO "delivery_events" VALUES(31,10,1800000191.0,'','unconfirmed','undecided',1);
INSERT INTO "delivery_events" VALUES(32,11,1800000201.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(33,11,1800000202.0,'','unconfirmed','unclear',1);
INSERT INTO "delivery_events" VALUES(34,11,1800000202.0,'','unconfirmed','unanswered',1);
INSERT INTO "delivery_events" VALUES(35,12,1800000212.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(36,12,1800000272.0,'','unconfirmed','lease',1);
INSERT INTO "delivery_events" VALUES(37,13,1800000282.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(38,13,1800000283.0,'','failed','gave_up',1);
INSERT INTO "delivery_events" VALUES(39,14,1800000293.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(40,14,1800000294.0,'','failed','unauthorized',1);
INSERT INTO "delivery_events" VALUES(41,15,1800000304.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(42,15,1800000305.0,'','failed','forbidden',1);
INSERT INTO "delivery_events" VALUES(43,16,1800000315.0,'U0ANN00001','queued','',0);
INSERT INTO "delivery_events" VALUES(44,16,1800000315.0,'U0BOB00001','failed','cancelled',0);
INSERT INTO "delivery_events" VALUES(45,17,1800000325.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(46,17,1800000326.0,'','failed','forbidden',1);
INSERT INTO "delivery_events" VALUES(47,17,1800000326.0,'U0ANN00001','failed','by_hand',1);
INSERT INTO "delivery_events" VALUES(48,18,1800000336.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(49,18,1800000337.0,'','unconfirmed','unclear',1);
INSERT INTO "delivery_events" VALUES(50,18,1800000337.0,'U0BOB00001','queued','sent_again',1);
INSERT INTO "delivery_events" VALUES(51,18,1800000337.0,'operator','failed','cancelled',1);
INSERT INTO "delivery_events" VALUES(52,19,1790000010.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(53,19,1790000011.0,'','delivered','',1);
INSERT INTO "delivery_events" VALUES(54,19,1800000337.0,'','delivered','erased',1);
INSERT INTO "delivery_events" VALUES(55,20,1800000347.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(56,21,1800000357.0,'U0ANN00001','sending','',1);
INSERT INTO "delivery_events" VALUES(57,21,1800000358.0,'','queued','rate_limited',1);
INSERT INTO "delivery_events" VALUES(58,22,1800000368.0,'U0ANN00001','queued','',0);
CREATE TABLE habits (
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            channel TEXT NOT NULL,
            kind TEXT NOT NULL,
            operation TEXT NOT NULL,
            PRIMARY KEY (enterprise, team, channel, kind)
        ) WITHOUT ROWID
        ;
INSERT INTO "habits" VALUES('','T0HERE0001','C0GENERAL1','incident','notes.note');
CREATE TABLE installations (
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            name TEXT NOT NULL,
            app TEXT NOT NULL,
            bot_user TEXT NOT NULL,
            bot TEXT NOT NULL,
            scopes TEXT NOT NULL,
            token TEXT NOT NULL,
            installed_by TEXT NOT NULL,
            installed_at REAL NOT NULL,
            PRIMARY KEY (enterprise, team)
        ) WITHOUT ROWID
        ;
CREATE TABLE links (
            digest TEXT PRIMARY KEY,
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            vendor TEXT NOT NULL,
            actor TEXT NOT NULL,
            actor_name TEXT NOT NULL,
            workspace_name TEXT NOT NULL,
            expires_at REAL NOT NULL
        ) WITHOUT ROWID
        ;
CREATE TABLE oauth_states (digest TEXT PRIMARY KEY, expires_at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE permissions (
            enterprise TEXT NOT NULL,
            team TEXT NOT NULL,
            operation TEXT NOT NULL,
            who TEXT NOT NULL,
            changed_by TEXT NOT NULL,
            changed_at REAL NOT NULL,
            PRIMARY KEY (enterprise, team, operation)
        ) WITHOUT ROWID
        ;
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX deliveries_leased ON deliveries (lease_until) WHERE state = 'sending';
CREATE INDEX deliveries_to_show ON deliveries (card_after) WHERE version > shown_version;
CREATE INDEX deliveries_card ON deliveries (card_ts) WHERE card_ts != '';
CREATE INDEX deliveries_failed ON deliveries (enterprise, team, vendor, account) WHERE state = 'failed';
CREATE INDEX deliveries_queue ON deliveries (enterprise, team, vendor, due_at) WHERE state = 'queued';
CREATE INDEX deliveries_to_look ON deliveries (look_at) WHERE look_at > 0;
CREATE INDEX deliveries_of_person ON deliveries (enterprise, team, actor);
CREATE INDEX deliveries_to_erase ON deliveries (changed_at) WHERE erased_at = 0 AND state IN ('delivered', 'rejected', 'failed');
CREATE INDEX delivery_events_of ON delivery_events (delivery);
CREATE TRIGGER deliveries_made AFTER INSERT ON deliveries BEGIN INSERT INTO delivery_events (delivery, at, actor, state, reason, attempt) VALUES (new.id, new.changed_at, new.changed_by, new.state, new.reason, new.attempt); END;
CREATE INDEX deliveries_to_follow ON deliveries (made_at) WHERE view_id != '';
CREATE INDEX deliveries_to_finish ON deliveries (steps_at) WHERE steps_at > 0;
CREATE TRIGGER deliveries_changed AFTER UPDATE ON deliveries WHEN (old.state, old.reason, old.attempt, old.revision, old.looks, old.erased_at, old.steps) IS NOT (new.state, new.reason, new.attempt, new.revision, new.looks, new.erased_at, new.steps) BEGIN INSERT INTO delivery_events (delivery, at, actor, state, reason, attempt) VALUES (new.id, new.changed_at, new.changed_by, new.state, CASE WHEN new.erased_at > old.erased_at THEN 'erased' WHEN new.looks > old.looks THEN 'not_there_yet' WHEN old.state IS NOT new.state OR old.steps IS new.steps THEN new.reason WHEN (SELECT count(*) FROM json_each(new.steps)) < (SELECT count(*) FROM json_each(old.steps)) THEN 'step_done' WHEN (SELECT count(*) FROM json_each(new.steps) WHERE value = '') < (SELECT count(*) FROM json_each(old.steps) WHERE value = '') THEN 'step_not_done' ELSE 'step_tried_again' END, new.attempt); END;
COMMIT;
